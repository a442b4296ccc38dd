package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/node"
)

// aside answers an operation about a data folder that cannot be written, from a shadow of it that goes again. why is what the
// folder answered to whoever would write it.
func (e *environment) aside(ctx context.Context, s config.Up, name string, args, result any, why error) (err error) {
	if !node.Looks(name, args) {
		return fault.Wrap(fault.ReadOnly, why, "this writes into the data folder %s, which cannot be written: give the right to, or mount it for writing; "+
			"or work on a copy of your own (`cp -r`, of a backup `tarn restore`) and name that with --data", s.Data)
	}
	if away, err := elsewhere(s); away || err != nil {
		return errors.Join(why, err)
	}
	dir, err := os.MkdirTemp("", "tarn-aside-*")
	if err != nil {
		return fault.WrapDisk(err, "make a folder to look at %s in, which cannot be written; TMPDIR names another place", s.Data)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root, release, err := folder.Shadow(ctx, s.Data, dir)
	if err != nil {
		return fmt.Errorf("look at %s, which cannot be written: %w", s.Data, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	e.out.note(fmt.Sprintf("%s cannot be written, so it is looked at in %s, which goes again: what has not reached its lake yet is taken in there", s.Data, dir))
	s.Data = dir
	return e.here(ctx, s, root, name, args, result)
}

// elsewhere reports whether the records or the lake of a data folder are not in it. Those are taken care of by whoever has the folder,
// and nobody can have one that cannot be written.
func elsewhere(s config.Up) (bool, error) {
	if s.Lake != "" || s.Store == config.DynamoDB {
		return true, nil
	}
	begun, err := node.Begun(s.Data)
	return begun.Lake != "" || begun.Store == config.DynamoDB, err
}
