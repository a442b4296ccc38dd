package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/schemas"
)

// globals are the flags that every command takes.
type globals struct {
	Data    string `help:"The data folder (TARN_DATA; data)." placeholder:"DIR"`
	Schemas string `help:"A folder of dataset files to use instead of the built-in Movement Pass (TARN_SCHEMAS)." placeholder:"DIR"`
	JSON    bool   `help:"Print one JSON document."`
}

type cli struct {
	globals

	Up       upCmd       `cmd:"" help:"Run everything on this machine: API, lake, dashboard."`
	Load     loadCmd     `cmd:"" help:"Load a file of rows: CSV, JSON Lines, DynamoDB JSON lines or Parquet."`
	SQL      sqlCmd      `cmd:"" name:"sql" help:"Answer one read-only SELECT."`
	Query    queryCmd    `cmd:"" help:"Answer a metric."`
	Verify   verifyCmd   `cmd:"" help:"Compare the lake with the store, record by record."`
	Backfill backfillCmd `cmd:"" help:"Land what records are or were, from the store or an export, in order with their changes."`
	Repair   repairCmd   `cmd:"" help:"Mend what verify finds, from the store and its change feed."`
	Compact  compactCmd  `cmd:"" help:"Merge small files now."`
	Retain   retainCmd   `cmd:"" help:"Drop the partitions of histories that are older than their datasets keep, and what is too old in the archive; tarn up does it by itself."`
	Backup   backupCmd   `cmd:"" help:"Copy the data folder while it is in use; a further backup copies only what is new."`
	Restore  restoreCmd  `cmd:"" help:"Make a new data folder (--data) of a backup."`
	Archive  struct {
		Replay archiveReplayCmd `cmd:"" help:"Land what the archive holds once more: what is in the lake already changes nothing."`
	} `cmd:"" help:"Work with landed objects that were kept after their commit (TARN_ARCHIVE_DAYS)."`
	Quarantine struct {
		List    quarantineListCmd    `cmd:"" help:"List records that could not be decoded."`
		Show    quarantineShowCmd    `cmd:"" help:"Show one of them with its whole payload."`
		Replay  quarantineReplayCmd  `cmd:"" help:"Read them again by the schema as it is now; those that fit leave the quarantine."`
		Discard quarantineDiscardCmd `cmd:"" help:"Take them out for good, and leave a receipt."`
	} `cmd:"" help:"Look at records that could not be decoded."`
	Schema struct {
		Check schemaCheckCmd `cmd:"" help:"Check dataset files; every fault is reported with its line."`
		Adopt schemaAdoptCmd `cmd:"" help:"Move a new field's values out of _extra, where they were kept, into its own column."`
		Infer schemaInferCmd `cmd:"" help:"Write a first draft of a dataset file for a file of rows."`
	} `cmd:"" help:"Look after dataset files."`
	Ledger ledgerCmd `cmd:"" help:"Tell what every commit brought, lane by lane."`
	Holes  struct {
		List  holesListCmd  `cmd:"" default:"1" help:"List open holes: ranges of changes that are not in the lake."`
		Close holesCloseCmd `cmd:"" help:"Note that a hole is filled, and by what."`
	} `cmd:"" help:"Look at what is missing from the lake."`
	Cost     costCmd     `cmd:"" help:"Work out what a load costs in a month on AWS, beside two other ways."`
	Bench    benchCmd    `cmd:"" help:"Measure this machine."`
	Status   statusCmd   `cmd:"" help:"Say what the data folder holds and how fresh it is."`
	Settings settingsCmd `cmd:"" help:"Print the reference of all settings."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// environment is what commands run in.
type environment struct {
	globals
	getenv func(string) string
	out    *output
}

// settings returns the machine's settings: flags before the environment before defaults.
func (e *environment) settings() (config.Up, error) {
	s, err := config.Load[config.Up](e.getenv)
	if err != nil {
		return s, err
	}
	if e.Data != "" {
		s.Data = e.Data
	}
	if e.Schemas != "" {
		s.Schemas = e.Schemas
	}
	return s, nil
}

// begins are the operations that may make a data folder. To all others a new one is a name that was written wrongly: that nothing
// is wrong with an empty folder is no answer about another.
var begins = map[string]bool{"load": true, "backfill": true}

// do runs an operation: in the process that has the data folder, or here if none has.
func (e *environment) do(ctx context.Context, name string, args, result any) error {
	s, err := e.settings()
	if err != nil {
		return err
	}
	running, held, err := folder.Who(s.Data)
	if err != nil {
		return err
	}
	if held && running.URL == "" {
		return fault.New(fault.Transient, "process %d has the data folder %s and does not answer: it is starting, or is another command at work; try again once it is done", running.PID, s.Data)
	}
	if held {
		return node.NewRemote(running).Do(ctx, name, args, result, e.out.tell)
	}
	if inFolder := s.Lake == "" && s.Store != config.DynamoDB; inFolder && !begins[name] && !folder.Marked(s.Data) {
		return fault.New(fault.NotFound, "%s is no data folder: name the one that `tarn up` or `tarn load` made, with --data or TARN_DATA", s.Data)
	}
	if why := folder.Writable(s.Data); fault.Is(why, fault.ReadOnly) {
		return e.aside(ctx, s, name, args, result, why)
	}
	return e.here(ctx, s, "", name, args, result)
}

// here runs an operation in this process, on a data folder or the shadow of one.
func (e *environment) here(ctx context.Context, s config.Up, shadowed, name string, args, result any) error {
	s.LogLevel = "warn" // a tool's own words are enough
	n, err := node.Open(ctx, s, node.Options{Log: e.out.stderr, Version: version, Shadowed: shadowed})
	if err != nil {
		return err
	}
	if err := n.Do(ctx, name, args, result, e.out.tell); err != nil {
		_ = n.Close(ctx) // the operation's own error says more
		return err
	}
	return n.Close(ctx)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(e *environment) error {
	v := map[string]any{"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "folderFormat": folder.Format}
	return e.out.result(v, func(w io.Writer) {
		fmt.Fprintf(w, "tarn %s (%s, %s/%s, folder format %d)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, folder.Format)
	})
}

// registry loads the dataset files that the command is about.
func (e *environment) registry(dir string) (*schemas.Registry, fs.FS, error) {
	fsys, err := node.SchemaFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	r, err := node.LoadSchemas(dir)
	return r, fsys, err
}
