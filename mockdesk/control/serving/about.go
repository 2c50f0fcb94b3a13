package serving

import (
	"fmt"
	"slices"
)

// About makes a handler of what is asked of something, which find finds by the request; its error is answered as any other.
func About[S any](find func(*Call) (S, error), handle func(*Call, S) (*Answer, error)) func(*Call) (*Answer, error) {
	return func(c *Call) (*Answer, error) {
		of, err := find(c)
		if err != nil {
			return nil, err
		}
		return handle(c, of)
	}
}

// Telling makes a handler of a question that takes nothing.
func Telling[S, T any](find func(*Call) (S, error), ask func(S) T) func(*Call) (*Answer, error) {
	return About(find, func(_ *Call, of S) (*Answer, error) { return OK(ask(of)) })
}

// Naming makes a handler of what is done with the thing that the path names.
func Naming[S, T any](find func(*Call) (S, error), thing string, do func(S, string) (T, error)) func(*Call) (*Answer, error) {
	return About(find, func(c *Call, of S) (*Answer, error) { return Reply(do(of, c.PathValue(thing))) })
}

// Doing is Naming, with a body.
func Doing[S, In, Out any](find func(*Call) (S, error), thing string, do func(S, string, In) (Out, error)) func(*Call) (*Answer, error) {
	return About(find, func(c *Call, of S) (*Answer, error) {
		given, err := Into[In](c)
		if err != nil {
			return nil, err
		}
		return Reply(do(of, c.PathValue(thing), given))
	})
}

// Adding makes a handler that adds something, and says where it is: below the path of the request, by its name, or nowhere by itself for an empty one.
func Adding[S, In, Out any](find func(*Call) (S, error), add func(S, In) (Out, error), name func(Out) string) func(*Call) (*Answer, error) {
	return About(find, func(c *Call, of S) (*Answer, error) {
		given, err := Into[In](c)
		if err != nil {
			return nil, err
		}
		made, err := add(of, given)
		if err != nil {
			return nil, err
		}
		at := ""
		if called := name(made); called != "" {
			at = c.URL.Path + "/" + called
		}
		return Created(at, made)
	})
}

// Changing makes a handler that changes something, and takes nothing.
func Changing[S, T any](find func(*Call) (S, error), change func(S) (T, error)) func(*Call) (*Answer, error) {
	return About(find, func(_ *Call, of S) (*Answer, error) { return Reply(change(of)) })
}

// OneOf reads a word of the query, which may be left out.
func OneOf(c *Call, name string, words []string) (string, error) {
	given := c.URL.Query().Get(name)
	if given == "" || slices.Contains(words, given) {
		return given, nil
	}
	return "", Invalid(fmt.Sprintf("%s: expected one of %v, found %q.", name, words, given))
}
