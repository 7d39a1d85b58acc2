// Package image creates container images of one static binary without a builder, and reads the
// names in image archives. This package must not depend on containerd.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// imageUser is the user and group of the process in a container. No user of the machine has this
// ID.
const imageUser = "65532:65532"

type imageConfig struct {
	Architecture string            `json:"architecture"`
	OS           string            `json:"os"`
	Config       map[string]any    `json:"config"`
	RootFS       map[string]any    `json:"rootfs"`
	History      []map[string]bool `json:"history"`
}

// Archive writes a docker archive of an image that contains and runs only the binary, with these
// environment variables.
func Archive(w io.Writer, reference, binary string, environment ...string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	name := filepath.Base(binary)
	layer, err := tarOf(map[string][]byte{name: program}, []string{name}, 0o755)
	if err != nil {
		return err
	}
	config, err := json.Marshal(imageConfig{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config: map[string]any{
			"Entrypoint": []string{"/" + name},
			"Env":        environment,
			"User":       imageUser,
			"WorkingDir": "/",
		},
		RootFS: map[string]any{
			"type":     "layers",
			"diff_ids": []string{"sha256:" + digest(layer)},
		},
	})
	if err != nil {
		return err
	}
	configName := digest(config) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config":   configName,
		"RepoTags": []string{reference},
		"Layers":   []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	files := map[string][]byte{"layer.tar": layer, configName: config, "manifest.json": manifest}
	archive, err := tarOf(files, []string{"layer.tar", configName, "manifest.json"}, 0o644)
	if err != nil {
		return err
	}
	_, err = w.Write(archive)
	return err
}

// WriteFile writes the result of Archive to a file.
func WriteFile(path, reference, binary string, environment ...string) error {
	var archive bytes.Buffer
	if err := Archive(&archive, reference, binary, environment...); err != nil {
		return fmt.Errorf("cannot create image %s: %w", reference, err)
	}
	return os.WriteFile(path, archive.Bytes(), 0o644)
}

// tarOf returns a tar archive of the files in this order, each with this mode.
func tarOf(files map[string][]byte, order []string, mode int64) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, name := range order {
		header := tar.Header{
			Name:     name,
			Mode:     mode,
			Size:     int64(len(files[name])),
			Typeflag: tar.TypeReg,
		}
		if err := writer.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return out.Bytes(), err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
