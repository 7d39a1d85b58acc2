// A Git repository that this machine serves over HTTP.
package gitops

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// headerLimit is how long a client may take to send the headers of a request.
const headerLimit = 30 * time.Second

// Branch is the branch of each repository.
const Branch = "main"

// GitServer serves repositories over HTTP, without a password.
type GitServer struct {
	// Address is the host and the port.
	Address string

	folder string
	server http.Server
}

// Repository is a repository with one branch. The URL serves its commits at once.
type Repository struct {
	URL string

	folder string
}

// NewGitServer starts a server on a free port of the host. The repositories are in the folder,
// which must exist.
func NewGitServer(host, folder string) (*GitServer, error) {
	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git is missing: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	g := &GitServer{Address: listener.Addr().String(), folder: folder}
	g.server = http.Server{ReadHeaderTimeout: headerLimit, Handler: &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		Env:  append(gitEnvironment(), "GIT_PROJECT_ROOT="+folder, "GIT_HTTP_EXPORT_ALL=1"),
	}}
	go func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("the Git server has ended:", err)
		}
	}()
	return g, nil
}

// Stop ends the server. The repositories remain.
func (g *GitServer) Stop() error { return g.server.Close() }

// NewRepository creates a repository without a commit.
func (g *GitServer) NewRepository(name string) (*Repository, error) {
	r := &Repository{URL: "http://" + g.Address + "/" + name, folder: filepath.Join(g.folder, name)}
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return nil, err
	}
	_, err := r.git("init", "--quiet", "--initial-branch="+Branch)
	return r, err
}

// Commit writes the files, whose paths are relative to the root of the repository, and returns the
// commit. A file with empty content is removed. All other files remain.
func (r *Repository) Commit(message string, files map[string]string) (string, error) {
	for path, content := range files {
		if err := r.write(filepath.Join(r.folder, path), content); err != nil {
			return "", err
		}
	}
	if _, err := r.git("add", "--all"); err != nil {
		return "", err
	}
	if _, err := r.git("commit", "--quiet", "--allow-empty", "--message="+message); err != nil {
		return "", err
	}
	return r.Head()
}

// Revert commits the files of an older commit, as `git revert` does for all later commits.
func (r *Repository) Revert(commit string) (string, error) {
	if _, err := r.git("read-tree", "--reset", "-u", commit); err != nil {
		return "", err
	}
	if _, err := r.git("commit", "--quiet", "--message=Revert to "+commit); err != nil {
		return "", err
	}
	return r.Head()
}

// Head returns the last commit of the branch.
func (r *Repository) Head() (string, error) { return r.git("rev-parse", "HEAD") }

func (r *Repository) write(path, content string) error {
	if content == "" {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// git runs Git in the repository and returns its output without the last line break.
func (r *Repository) git(args ...string) (string, error) {
	command := exec.Command("git", append([]string{"-C", r.folder}, args...)...)
	command.Env = append(os.Environ(), gitEnvironment()...)
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// gitEnvironment makes Git independent of the configuration of the machine.
func gitEnvironment() []string {
	return []string{
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=app team", "GIT_AUTHOR_EMAIL=app-team@example.com",
		"GIT_COMMITTER_NAME=app team", "GIT_COMMITTER_EMAIL=app-team@example.com",
	}
}
