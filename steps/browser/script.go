package browser

import (
	"crypto/rand"
	"embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed page/*.js
var pageFiles embed.FS

// pageScript is what runs in every document before the page's own scripts: the files of page/ in the order of their numbers, in one function, so that nothing of
// theirs is global. The name of the binding is drawn anew for every browser, because a page could look for a known one.
func pageScript(binding string, headed bool) (string, error) {
	files, err := pageFiles.ReadDir("page")
	if err != nil {
		return "", fmt.Errorf("read the embedded page scripts: %w", err)
	}
	var b strings.Builder
	b.WriteString("(() => {\n'use strict';\n")
	for _, file := range files {
		source, err := pageFiles.ReadFile("page/" + file.Name())
		if err != nil {
			return "", fmt.Errorf("read the embedded page script %s: %w", file.Name(), err)
		}
		b.Write(source)
		b.WriteByte('\n')
	}
	b.WriteString("})();\n//# sourceURL=deskcheck:page.js\n")
	return strings.NewReplacer("%BINDING%", binding, "%HEADED%", strconv.FormatBool(headed)).Replace(b.String()), nil
}

func newBinding() string { return "binding" + rand.Text() }
