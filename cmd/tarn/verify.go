package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

type verifyCmd struct {
	Dataset     []string `help:"Datasets; none means all that are kept in the store."`
	State       bool     `help:"Compare the store's records with current state; so it is unless --changes is given." xor:"mode"`
	Changes     bool     `help:"Compare the change feed with the history, change by change." xor:"mode"`
	Archive     bool     `help:"With --changes: compare what the archive of landed objects holds instead of the change feed."`
	Region      string   `help:"Compare what is in one region."`
	From        instant  `help:"Compare changes from this instant (RFC 3339) or day on." placeholder:"TIME"`
	To          instant  `help:"Compare changes before this instant (RFC 3339) or day." placeholder:"TIME"`
	Certify     string   `help:"Write a signed certificate of the comparison to this file." placeholder:"FILE"`
	Certificate string   `help:"Compare nothing; check this certificate and whether the lake still says what it says." placeholder:"FILE" type:"existingfile"`
}

// Run compares, and exits with 3 where there is a difference.
func (c *verifyCmd) Run(ctx context.Context, e *environment) error {
	if c.Certificate != "" {
		return c.check(ctx, e)
	}
	reports, err := c.compare(ctx, e)
	if err != nil {
		return err
	}
	clean := true
	err = e.out.result(reports, func(w io.Writer) {
		for _, r := range reports {
			writeReport(w, r)
		}
	})
	for _, r := range reports {
		clean = clean && r.Clean()
	}
	if err == nil && !clean {
		return &finding{"the lake differs from the store"}
	}
	return err
}

// compare compares, and writes a certificate where one is wanted.
func (c *verifyCmd) compare(ctx context.Context, e *environment) ([]verify.Report, error) {
	args := node.VerifyArgs{Datasets: c.Dataset, Changes: c.Changes, Archive: c.Archive, Region: c.Region, From: c.From.Time, To: c.To.Time}
	if c.Certify == "" {
		var reports []verify.Report
		err := e.do(ctx, "verify", args, &reports)
		return reports, err
	}
	if _, err := os.Stat(filepath.Dir(c.Certify)); err != nil { // known before it is worked for
		return nil, fault.Wrap(fault.NotFound, err, "the certificate %s cannot be written: name a file in a folder that is there", c.Certify)
	}
	var done node.Certified
	if err := e.do(ctx, "certify", args, &done); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.Certify, []byte(done.Certificate+"\n"), 0o644); err != nil {
		return nil, fmt.Errorf("write the certificate: %w", err)
	}
	e.out.note("the certificate is in " + c.Certify)
	return done.Reports, nil
}

// check checks a certificate, and exits with 3 where the lake no longer says the same or was not clean.
func (c *verifyCmd) check(ctx context.Context, e *environment) error {
	text, err := os.ReadFile(c.Certificate)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	var all []node.Checked
	if err := e.do(ctx, "certificate", node.CertificateArgs{Certificate: string(text)}, &all); err != nil {
		return err
	}
	good := true
	err = e.out.result(all, func(w io.Writer) {
		for _, k := range all {
			fmt.Fprintf(w, "%s %s as of commit %d, %s: clean then: %t; the same still: %t (%d records then, %d now)\n",
				k.Dataset, k.Mode, k.Commit, k.Made.Format(time.RFC3339), k.Clean, k.Same, k.Was, k.Is)
			for _, what := range k.Changed {
				fmt.Fprintf(w, "  since then: %s\n", what)
			}
		}
	})
	for _, k := range all {
		good = good && k.Clean && k.Same
	}
	if err == nil && !good {
		return &finding{"the lake does not say what a clean certificate of it says"}
	}
	return err
}

func writeReport(w io.Writer, r verify.Report) {
	verdict := "clean"
	if !r.Clean() {
		verdict = "DIFFERENT"
	}
	if held := r.Quarantined + r.Discarded; held > 0 {
		verdict += fmt.Sprintf(", %d held back", held)
	}
	found := fmt.Sprintf("missing %d, extra %d, different %d, doubled %d; complete to %s (%d ms)",
		r.Missing, r.Extra, r.Different, r.Doubled, r.CompleteTo.UTC().Format("15:04:05.000Z"), r.ElapsedMS)
	if r.Mode != "state" {
		fmt.Fprintf(w, "%s: %s — %d changes of %d shards, lake %d, in quarantine %d, discarded %d; %s\n",
			r.Dataset, verdict, r.Store, len(r.Shards), r.Lake, r.Quarantined, r.Discarded, found)
	} else {
		fmt.Fprintf(w, "%s: %s — store %d, lake %d, history %d rows, in quarantine %d, discarded %d; %s\n",
			r.Dataset, verdict, r.Store, r.Lake, r.History, r.Quarantined, r.Discarded, found)
	}
	if r.Pin.Horizon != "" {
		fmt.Fprintf(w, "  the history begins with %s; what lay before was dropped by retention (%d of these changes)\n", r.Pin.Horizon, r.Dropped)
	}
	for _, path := range r.Pin.Lost {
		fmt.Fprintf(w, "  gone or unreadable: %s\n", path)
	}
	if len(r.Skipped) > 0 {
		fmt.Fprintf(w, "  not compared: %s\n", strings.Join(r.Skipped, "; "))
	}
	for _, d := range r.Differences {
		writeDifference(w, d)
	}
	const shown = 10 // of what is held back, which is no difference
	for _, d := range r.HeldBack[:min(len(r.HeldBack), shown)] {
		writeDifference(w, d)
	}
}

func writeDifference(w io.Writer, d verify.Difference) {
	fmt.Fprintf(w, "  %s", d.What)
	if d.Key != "" {
		fmt.Fprintf(w, " %q", strings.ReplaceAll(d.Key, "\x1f", " / "))
	}
	if d.Seq != "" {
		fmt.Fprintf(w, " at %s:%s", d.Shard, d.Seq)
	}
	if d.Field != "" {
		side := "in the source"
		if d.Held != "" {
			side = "before what is held back"
		}
		fmt.Fprintf(w, ": %s is %q %s and %q in the lake", d.Field, d.Store, side, d.Lake)
	}
	if d.Held != "" {
		fmt.Fprintf(w, "; the source's is held back as %s", d.Held)
	}
	fmt.Fprintln(w)
}
