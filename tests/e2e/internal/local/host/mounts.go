// The mounts below a directory.
package host

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

type mount struct{ point, kind string }

// Unmount removes every mount below dir, newest first.
func Unmount(dir string) error {
	isBelowDir := func(m mount) bool { return strings.HasPrefix(m.point, dir+"/") }
	points, err := mountPoints(isBelowDir)
	if err != nil {
		return err
	}
	for i := len(points) - 1; i >= 0; i-- {
		// MNT_DETACH removes the mount from the tree even if a process has a file open in it.
		if err := syscall.Unmount(points[i], syscall.MNT_DETACH); err != nil &&
			err != syscall.EINVAL &&
			err != syscall.ENOENT {
			return fmt.Errorf("unmounting %s: %w", points[i], err)
		}
	}
	if points, err = mountPoints(isBelowDir); err != nil {
		return err
	}
	if len(points) > 0 {
		return fmt.Errorf("%d mounts below %s remain, such as %s", len(points), dir,
			points[0])
	}
	return nil
}

// mountPoints returns the mount points of all matching mounts, oldest first.
func mountPoints(matches func(mount) bool) ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for _, candidate := range parseMounts(string(text)) {
		if matches(candidate) {
			points = append(points, candidate.point)
		}
	}
	return points, nil
}

// parseMounts parses lines of this form:
//
//	id parent major:minor root POINT options [tags] - KIND source options
func parseMounts(text string) []mount {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var mounts []mount
	for line := range strings.Lines(text) {
		left, right, found := strings.Cut(line, " - ")
		fields, kind := strings.Fields(left), strings.Fields(right)
		if found && len(fields) >= 5 && len(kind) >= 1 {
			mounts = append(mounts, mount{point: unescape.Replace(fields[4]), kind: kind[0]})
		}
	}
	return mounts
}

// IsOverlay reports whether dir is on an overlay file system. An overlay file system cannot hold
// the upper layer of another overlay.
func IsOverlay(dir string) bool {
	const overlayMagic = 0x794c7630
	var info syscall.Statfs_t
	return syscall.Statfs(dir, &info) == nil && info.Type == overlayMagic
}
