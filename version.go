package deskcheck

import (
	"runtime/debug"
	"strings"
)

// version is set by the build: -ldflags "-X deskcheck.version=1.2.3".
var version string

// Version returns the version of this build: the one that the build was given, else that of the module or the revision of the source, else "dev".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	// Between releases Go makes a version out of the revision and its time; the revision alone is easier to compare.
	if v := info.Main.Version; v != "" && v != "(devel)" && !strings.HasPrefix(v, "v0.0.0-") {
		return v
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "dev"
	}
	return "dev-" + revision + dirty
}
