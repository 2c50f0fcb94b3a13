package deskcheck

import (
	"context"
	"fmt"

	"github.com/evanw/esbuild/pkg/api"

	"deskcheck/steps/aichat"
)

const (
	hostEmulated = "emulated"
	hostCarbon   = "carbon"
)

// carbonEntry is the file of the package that defines the chat's element.
const carbonEntry = "@carbon/ai-chat/dist/es/web-components/cds-aichat-container/index.js"

// serveCarbonChat serves the real chat to the pages of a run.
func serveCarbonChat(ctx context.Context, progress any) (*aichat.Library, error) {
	tell := func(string) {}
	if hears, ok := progress.(Preparing); ok {
		tell = hears.Preparing
	}
	code, err := carbonChat().script(ctx, tell)
	if err != nil {
		return nil, err
	}
	library, err := aichat.ServeLibrary(code)
	if err != nil {
		return nil, &EnvironmentError{Err: err, Fix: "run `deskcheck doctor`"}
	}
	return library, nil
}

// carbonChat is the real chat as one classic script: that is what the browser's compiler remembers from page to page.
func carbonChat() npmBundle {
	return npmBundle{
		what: "the real chat", name: "carbon", folder: "hosts/carbon", entry: fmt.Sprintf("import %q;", carbonEntry), how: api.BuildOptions{Format: api.FormatIIFE}, takes: "a minute or so",
		without: "the carbon host is the real chat package, which npm installs, and there is no npm here", instead: "; the emulated host (--host emulated) needs none of it",
	}
}
