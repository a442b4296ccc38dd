package node

import (
	"context"
	"fmt"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
)

// LoadArgs asks for a file to be loaded. The path is one of this machine.
type LoadArgs struct {
	Path    string `json:"path"`
	Dataset string `json:"dataset"`
	Format  string `json:"format,omitempty"`
}

// load loads a file, commits it and merges what it brought, so that each partition is left with a file or two.
func (n *Node) load(ctx context.Context, a LoadArgs, tell Tell) (load.Report, error) {
	d, ok := n.registry.Dataset(a.Dataset)
	if !ok {
		return load.Report{}, n.noDataset(a.Dataset)
	}
	position := func(lane string) (lake.Seq, error) { return n.landedTo(ctx, d, lane) }
	r, err := load.File(ctx, a.Path, d, n.lander, position, load.Options{
		Format: a.Format, Landed: n.wake, Keep: n.keepForm(d),
		Tell: func(what string, done, total int64) { tell(Step{What: what, Done: done, Total: total}) },
	})
	if err != nil {
		return r, fmt.Errorf("load %s: %w", a.Path, err)
	}
	tell(Step{What: "committing", Done: 0})
	if err := n.commit(ctx); err != nil {
		return r, err
	}
	tell(Step{What: "merging", Done: 0})
	return r, n.mergeLoaded(ctx, d)
}

// formsDir holds how rows of files that were set aside are read again.
const formsDir = "forms/"

func formKey(dataset, lane string) string { return formsDir + dataset + "/" + lane + ".json" }

// keepForm returns what keeps how bad rows of a file can be read again.
func (n *Node) keepForm(d *schemas.Dataset) func(context.Context, string, load.Form) error {
	return func(ctx context.Context, lane string, f load.Form) error {
		return n.files.Put(ctx, formKey(d.Name, lane), []byte(f.String()))
	}
}

func (n *Node) mergeLoaded(ctx context.Context, d *schemas.Dataset) error {
	return mergeWhole(ctx, n.newCompactor(always), n.history(d), Silent)
}

func (n *Node) history(d *schemas.Dataset) compact.History {
	for _, h := range n.histories {
		if h.Dataset == d {
			return h
		}
	}
	panic("a dataset without a history")
}

// landedTo returns how far a lane has landed, committed or not.
func (n *Node) landedTo(ctx context.Context, d *schemas.Dataset, lane string) (lake.Seq, error) {
	folder := land.Folder(d)
	parked, err := n.book.Mark(ctx, n.quarantine, folder+"/"+lane)
	if err != nil {
		return "", err
	}
	loaded, err := n.book.Mark(ctx, n.history(d).Changes, lane)
	if err != nil {
		return "", err
	}
	seq := max(parked.Seq, loaded.Seq)
	waiting, err := n.files.List(ctx, lake.LandingDir+"/"+folder+"/"+lane+"/")
	if err != nil {
		return "", err
	}
	for _, w := range waiting {
		name, err := lake.ParseLandedName(w.Name())
		if err != nil {
			return "", err
		}
		seq = max(seq, name.Last)
	}
	return seq, nil
}
