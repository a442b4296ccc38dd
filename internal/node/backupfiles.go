package node

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// leftOut is what a backup does not copy from the top of a data folder: it is copied in another way, or no data.
var leftOut = []string{"lock", "store", "lake", "temp", stageDir, "copies", "restoring", "lost+found"}

func (n *Node) storeItems(ctx context.Context) ([]backup.Item, error) {
	return tree(ctx, n.folder.Path(stageDir, "store"), "store", nil)
}

// archiveItems returns landed objects that were kept. One that is moved or dropped meanwhile is not missed.
func (n *Node) archiveItems(ctx context.Context) ([]backup.Item, error) {
	found, err := n.files.List(ctx, lake.ArchiveDir+"/")
	if err != nil {
		return nil, err
	}
	var items []backup.Item
	for _, f := range found {
		staged := n.folder.Path(stageDir, "lake", filepath.FromSlash(f.Name()))
		err := link(n.folder.Path("lake", filepath.FromSlash(f.Name())), staged)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, backup.Item{Path: "lake/" + f.Name(), From: staged})
	}
	return items, nil
}

func (n *Node) otherItems(ctx context.Context) ([]backup.Item, error) {
	return tree(ctx, n.folder.Root(), "", leftOut)
}

// tree returns the files under root, but not those whose first name is in without, nor those that are being written.
func tree(ctx context.Context, root, under string, without []string) ([]backup.Item, error) {
	var items []backup.Item
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(without, rel) && e.IsDir():
			return fs.SkipDir
		case e.IsDir(), slices.Contains(without, rel), strings.HasSuffix(rel, ".tmp"), !e.Type().IsRegular():
			return ctx.Err()
		}
		items = append(items, backup.Item{Path: filepath.ToSlash(filepath.Join(under, rel)), From: path})
		return nil
	})
	return items, err
}

// link gives a file a second name, or copies it where the disk has no links.
func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fault.WrapDisk(err, "make %s", filepath.Dir(to))
	}
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fault.WrapDisk(err, "copy %s", from)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fault.WrapDisk(err, "copy %s", from)
	}
	return nil
}
