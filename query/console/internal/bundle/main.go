// Command bundle makes query/console/web/dist from the TypeScript and CSS beside it and from the npm packages that
// package-lock.json pins. With -check it writes nothing and fails when dist is not what the sources make.
//
// Run it through go generate. It needs npm only when node_modules is not there yet.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// licensed are the packages whose code is part of the bundle; their licences go with it.
var licensed = []string{"echarts/LICENSE", "echarts/NOTICE", "zrender/LICENSE", "tslib/LICENSE.txt"}

func main() {
	web := flag.String("web", "web", "folder of the sources")
	check := flag.Bool("check", false, "compare dist with the sources instead of writing it")
	flag.Parse()
	if err := run(*web, *check); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(web string, check bool) error {
	web, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	if err := install(web); err != nil {
		return err
	}
	files, err := build(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	if check {
		return errors.Join(compare(dist, files), types(web))
	}
	return write(dist, files)
}

// install fetches the packages when they are not there, exactly as the lock file has them.
func install(web string) error {
	if _, err := os.Stat(filepath.Join(web, "node_modules", "echarts")); err == nil {
		return nil
	}
	return command(web, "npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit")
}

// types checks what the bundler ignores: that the types agree.
func types(web string) error {
	return command(web, filepath.Join(web, "node_modules", ".bin", "tsc"), "--noEmit")
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// build returns the bundle's files by name. The same sources give the same bytes.
func build(web string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, o := range []api.BuildOptions{
		{EntryPoints: []string{"src/main.ts"}, Format: api.FormatESModule},
		{EntryPoints: []string{"src/boot.ts"}, Format: api.FormatIIFE},
		{EntryPoints: []string{"src/logo.svg"}, Loader: map[string]api.Loader{".svg": api.LoaderCopy}},
	} {
		o.AbsWorkingDir, o.Outdir, o.EntryNames = web, "dist", "[name]-[hash]"
		o.Bundle, o.MinifyWhitespace, o.MinifySyntax, o.MinifyIdentifiers = true, true, true, true
		o.Target, o.LegalComments, o.LogLevel = api.ES2022, api.LegalCommentsNone, api.LogLevelSilent
		o.Define = map[string]string{"process.env.NODE_ENV": `"production"`}
		result := api.Build(o)
		if len(result.Errors) > 0 {
			return nil, errors.New(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), "\n"))
		}
		for _, f := range result.OutputFiles {
			files[filepath.Base(f.Path)] = f.Contents
		}
	}
	notice, err := notices(web)
	if err != nil {
		return nil, err
	}
	files["licences.txt"] = notice
	return files, nil
}

func notices(web string) ([]byte, error) {
	var out bytes.Buffer
	for _, name := range licensed {
		text, err := os.ReadFile(filepath.Join(web, "node_modules", name))
		if err != nil {
			return nil, fmt.Errorf("licence: %w", err)
		}
		fmt.Fprintf(&out, "==== %s\n\n%s\n\n", name, bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))))
	}
	return out.Bytes(), nil
}

func write(dist string, files map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dist, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare returns an error that names every file of dist that is not what the sources make.
func compare(dist string, files map[string][]byte) error {
	var stale []string
	entries, err := os.ReadDir(dist)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			stale = append(stale, e.Name())
		}
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(got, want) {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	slices.Sort(stale)
	return fmt.Errorf("dist is not current (%s): run go generate ./query/console", strings.Join(slices.Compact(stale), ", "))
}
