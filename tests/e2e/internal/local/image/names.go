// The names of the images in an archive.
package image

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxIndexBytes limits index.json and manifest.json. Those of real images have a few KiB.
const maxIndexBytes = 1 << 20

// The annotations of an OCI index that have the name of an image. The first is often only a tag.
const (
	refNameKey  = "org.opencontainers.image.ref.name"
	fullNameKey = "io.containerd.image.name"
)

// Names reads the names of the images in a docker or OCI archive.
func Names(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	names, err := readNames(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}

func readNames(file io.Reader) ([]string, error) {
	var index, manifest []byte
	archive := tar.NewReader(file)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a tar archive of an image: %w", err)
		}
		switch strings.TrimPrefix(header.Name, "./") {
		case "index.json":
			index, err = readLimited(archive, header)
		case "manifest.json":
			manifest, err = readLimited(archive, header)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	// containerd reads an archive with both files as an OCI archive.
	case index != nil:
		return fromIndex(index)
	case manifest != nil:
		return fromManifest(manifest)
	}
	return nil, errors.New(
		"not a docker or OCI archive: manifest.json and index.json are missing")
}

func readLimited(file io.Reader, header *tar.Header) ([]byte, error) {
	if header.Size > maxIndexBytes {
		return nil, fmt.Errorf("%s has %d bytes; the limit is %d",
			header.Name, header.Size, maxIndexBytes)
	}
	return io.ReadAll(file)
}

func fromIndex(text []byte) ([]string, error) {
	var index struct {
		Manifests []struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	var names []string
	for _, manifest := range index.Manifests {
		if full := manifest.Annotations[fullNameKey]; full != "" {
			names = append(names, full)
		} else if ref := manifest.Annotations[refNameKey]; strings.Contains(ref, "/") {
			names = append(names, ref)
		}
	}
	if len(names) == 0 {
		return nil, errors.New(
			"the archive has no image name; push it as oci-archive:FILE:HOST/NAME:TAG")
	}
	return names, nil
}

func fromManifest(text []byte) ([]string, error) {
	var images []struct{ RepoTags []string }
	if err := json.Unmarshal(text, &images); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	var names []string
	for _, image := range images {
		names = append(names, image.RepoTags...)
	}
	if len(names) == 0 {
		return nil, errors.New(
			"the archive has no image name; save the image by name and tag, not by its ID")
	}
	return names, nil
}
