//go:build !unix

package main

import "os"

// terminalWidth returns a width that fits most terminals, because only Unix tells.
func terminalWidth(*os.File) int { return 100 }
