package digitalconnect

import (
	"fmt"
	"mime"
	"slices"
	"strings"
)

// forbids says why a touchpoint does not allow a file of a size in bytes, empty if it does (DC-TOUCH-04, DC-TOUCH-05). A file of exactly the limit may pass.
func (p *Touchpoint) forbids(name string, size int64, kb int) string {
	extension := extensionOf(name)
	switch {
	case extension == "":
		return fmt.Sprintf("The file %q has no extension, and only %s may pass.", name, p.Attachments.allowed())
	case !slices.ContainsFunc(p.Attachments.Extensions, func(one string) bool { return strings.EqualFold(one, extension) }):
		return fmt.Sprintf("The extension of the file %q is not allowed; only %s may pass.", name, p.Attachments.allowed())
	case size > int64(p.Attachments.MaxKB)*int64(kb):
		return fmt.Sprintf("The file %q is larger than %d KB.", name, p.Attachments.MaxKB)
	}
	return ""
}

// allowed words the extensions.
func (a Attachments) allowed() string {
	if len(a.Extensions) == 0 {
		return "no file at all"
	}
	return strings.Join(a.Extensions, ", ")
}

// extensionOf is the last suffix of a name, in lower case and without the dot; a name that is nothing but a suffix has one. What follows the dot counts as it is written: "a.pdf " ends with a blank.
func extensionOf(name string) string {
	at := strings.LastIndex(name, ".")
	if at < 0 {
		return ""
	}
	return strings.ToLower(name[at+1:])
}

// extensionDiffers says whether a type is known to go with other extensions than that of a name. Where nothing is known of the type, it does not.
func extensionDiffers(name, mediaType string) bool {
	known, err := mime.ExtensionsByType(mediaType)
	return err == nil && len(known) > 0 && !slices.Contains(known, "."+extensionOf(name))
}

// SetStatus turns a touchpoint on or off. Conversations that there are go on either way (DC-TOUCH-10). The error wraps ErrUnknown.
func (t *Talkdesk) SetStatus(touchpoint string, active bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.account.touchpoint(touchpoint)
	if one == nil {
		return fmt.Errorf("%w: a touchpoint %q; there are %s", ErrUnknown, touchpoint, strings.Join(names(t.account.Touchpoints, func(o Touchpoint) string { return o.ID }), ", "))
	}
	t.inactive[touchpoint] = !active
	return nil
}
