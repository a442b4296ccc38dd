package node

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// stageDir is where a backup that is under way keeps what would change or go meanwhile.
const stageDir = "backing"

// BackupArgs asks for a backup into a folder of this machine.
type BackupArgs struct {
	Dir string `json:"dir"` // absolute
}

// backup copies the data folder while everything goes on.
//
// The lake is never ahead of the store in it: tables and landed objects are taken at one moment, between two commits, and
// the store after them. So the restored lake goes on reading the restored store's change feed where its watermarks say,
// and no sequence number that it knows is given again.
func (n *Node) backup(ctx context.Context, a BackupArgs, tell Tell) (backup.Report, error) {
	if err := n.canBackUp(a.Dir); err != nil {
		return backup.Report{}, err
	}
	if !n.backing.TryLock() {
		return backup.Report{}, fault.New(fault.Conflict, "another backup of %s is under way: wait for it", n.folder.Root())
	}
	defer n.backing.Unlock()
	identity := hex.EncodeToString(n.folder.Key("backup")[:16])
	set, err := backup.Open(a.Dir, identity, backup.Options{
		Tell: func(done, total int64) { tell(Step{What: "bytes backed up", Done: done, Total: total}) }, Before: n.opts.BackupHook,
	})
	if err != nil {
		return backup.Report{}, err
	}
	report, err := n.fill(ctx, set, identity)
	return report, errors.Join(err, set.Close(), os.RemoveAll(n.folder.Path(stageDir)))
}

// canBackUp refuses homes that are not in the folder, and a place inside it.
func (n *Node) canBackUp(dir string) error {
	if n.home.Lake != "" || n.home.Store == config.DynamoDB {
		return fault.New(fault.Invalid, "%s is kept by %s, and `tarn backup` copies data folders only: for records turn on point-in-time recovery of the DynamoDB tables, "+
			"for the lake turn on versions of the bucket and keep them for longer than snapshots stay; the Glue entries name the metadata file of each table", n.folder.Root(), n.Homes())
	}
	root, err := filepath.Abs(n.folder.Root())
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(root, dir); err == nil && !strings.HasPrefix(rel, "..") {
		return fault.New(fault.Invalid, "%s is inside the data folder %s: name a folder elsewhere, best on another disk", dir, root)
	}
	return nil
}

func (n *Node) fill(ctx context.Context, set *backup.Set, identity string) (backup.Report, error) {
	release := n.catalog.Keep()
	defer release()
	if err := os.RemoveAll(n.folder.Path(stageDir)); err != nil {
		return backup.Report{}, err
	}
	about := backup.About{Folder: identity, Format: folder.Format, Version: n.opts.Version, Commits: map[string]int64{}}
	pins, items, err := n.stage(ctx, &about)
	if err != nil {
		return backup.Report{}, err
	}
	archived, err := n.archiveItems(ctx)
	if err != nil {
		return backup.Report{}, err
	}
	about.Archive, items = len(archived), append(items, archived...)
	for _, gather := range []func(context.Context) ([]backup.Item, error){n.storeItems, n.otherItems} {
		more, err := gather(ctx)
		if err != nil {
			return backup.Report{}, err
		}
		items = append(items, more...)
	}
	for _, pin := range pins {
		keys, err := pin.Keys(ctx)
		if err != nil {
			return backup.Report{}, err
		}
		for _, key := range keys {
			items = append(items, backup.Item{Path: "lake/" + key, From: n.folder.Path("lake", filepath.FromSlash(key))})
		}
	}
	return set.Finish(ctx, items, about)
}

// stage takes what would change or go meanwhile, the lake before the store.
func (n *Node) stage(ctx context.Context, about *backup.About) (pins []*tables.Snapshot, items []backup.Item, err error) {
	for _, part := range []struct {
		name string
		take func() error
	}{
		{"lake", func() error { pins, items, err = n.still(ctx, about); return err }},
		{"store", func() error { return n.past.Checkpoint(ctx, n.folder.Path(stageDir, "store")) }},
	} {
		if n.opts.BackupHook != nil {
			if err := n.opts.BackupHook("take", part.name); err != nil {
				return nil, nil, err
			}
		}
		if err := part.take(); err != nil {
			return nil, nil, err
		}
	}
	return pins, items, nil
}

// still takes the tables, and links to what has landed and to what is not in the ledger yet, at one moment between two
// commits.
func (n *Node) still(ctx context.Context, about *backup.About) ([]*tables.Snapshot, []backup.Item, error) {
	n.committing.Lock()
	defer n.committing.Unlock()
	n.telling.Lock()
	defer n.telling.Unlock()
	pins, err := n.catalog.Pins(ctx)
	if err != nil {
		return nil, nil, err
	}
	about.Made = time.Now().UTC()
	for _, pin := range pins {
		about.Commits[pin.Table()] = pin.Commit
	}
	landed, err := n.landedNow(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, prefix := range []string{lake.LandingBadDir, lake.LedgerDir, strings.TrimSuffix(receiptsDir, "/"), strings.TrimSuffix(formsDir, "/")} {
		found, err := n.files.List(ctx, prefix+"/")
		if err != nil {
			return nil, nil, err
		}
		landed = append(landed, found...)
	}
	var items []backup.Item
	for _, f := range landed {
		staged := n.folder.Path(stageDir, "lake", filepath.FromSlash(f.Name()))
		if err := link(n.folder.Path("lake", filepath.FromSlash(f.Name())), staged); err != nil {
			return nil, nil, err
		}
		items = append(items, backup.Item{Path: "lake/" + f.Name(), From: staged})
	}
	return pins, items, nil
}

// landedNow lists what has landed as a commit would: a lane's batches up to the newest of a first listing, because one
// listing may show a batch and miss the one before it.
func (n *Node) landedNow(ctx context.Context) ([]fs.FileInfo, error) {
	first, err := n.files.List(ctx, lake.LandingDir+"/")
	if err != nil || len(first) == 0 {
		return nil, err
	}
	newest := map[string]lake.Seq{}
	for _, f := range first {
		if name, err := lake.ParseLandedName(f.Name()); err == nil {
			newest[name.Stream+"/"+name.Lane] = max(newest[name.Stream+"/"+name.Lane], name.Last)
		}
	}
	second, err := n.files.List(ctx, lake.LandingDir+"/")
	return slices.DeleteFunc(second, func(f fs.FileInfo) bool {
		name, err := lake.ParseLandedName(f.Name())
		return err == nil && name.Last > newest[name.Stream+"/"+name.Lane]
	}), err
}
