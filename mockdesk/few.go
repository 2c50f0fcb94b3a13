package mockdesk

import "slices"

// few are some of a kind, each once. There are hardly ever more than one of them, for which a list is smaller and faster than a map.
type few[T comparable] []T

func (f *few[T]) add(one T) {
	if !slices.Contains(*f, one) {
		*f = append(*f, one)
	}
}

func (f *few[T]) remove(one T) {
	if at := slices.Index(*f, one); at >= 0 {
		*f = slices.Delete(*f, at, at+1)
	}
}
