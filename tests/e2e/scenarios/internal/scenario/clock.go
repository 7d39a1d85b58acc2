// A controller with a wrong clock, by libfaketime. ./dev test fetches the Debian package and does
// not install it.
package scenario

import (
	"path/filepath"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// ClockOffset sets the clock of the scenario's controller forward or back by this number of
// seconds, such as "+3600". Its monotonic clock stays right. The controller must not run yet. If
// the library was not fetched, or the program is static, the scenario is skipped.
func (s *Scenario) ClockOffset(offset string) {
	s.T.Helper()
	found, err := filepath.Glob(filepath.Join(layout.Cache(), "faketime", "usr", "lib", "*",
		"faketime", "libfaketimeMT.so.1"))
	s.must(err)
	if len(found) == 0 {
		s.T.Skip("libfaketime is missing; run ./dev test e2e")
	}
	s.Process.environment = append(s.Process.environment, "LD_PRELOAD="+found[0],
		"FAKETIME="+offset, "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1")
}
