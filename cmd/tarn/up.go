package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/node"
)

type upCmd struct {
	Addr     string `help:"Address to listen on (TARN_ADDR; 127.0.0.1:8080)." placeholder:"HOST:PORT"`
	Store    string `help:"Where records are kept: embedded or dynamodb (TARN_STORE)." placeholder:"STORE"`
	Endpoint string `help:"A stand-in for DynamoDB (TARN_DYNAMODB_ENDPOINT)." placeholder:"URL"`
	Lake     string `help:"A bucket for the lake, such as s3://my-lake (TARN_LAKE)." placeholder:"URL"`
	Catalog  string `help:"The catalog of a lake in a bucket: glue or glue:DATABASE (TARN_CATALOG)." placeholder:"NAME"`
	NoDemo   bool   `help:"No history in an empty folder and no live demo traffic."`
	Fresh    bool   `help:"Empty the data folder first."`
	Faults   string `help:"A fault plan: what goes wrong, on purpose (TARN_FAULTS)." placeholder:"FILE"`
}

// memoryLimit is what the collector keeps Go's own memory below. The query engine, the store's cache and the program
// itself come on top, and all of it is to fit 300 MB.
const memoryLimit = 88 << 20

// seedingLimit is the same while the demo's history is written, which would otherwise wait for the collector.
const seedingLimit = 176 << 20

// limit keeps Go's memory below a number of bytes, unless the environment says how much it may be.
func limit(e *environment, bytes int64) {
	if e.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}

// Run runs everything until it is told to stop.
func (c *upCmd) Run(ctx context.Context, e *environment) error {
	began := time.Now()
	s, err := e.settings()
	if err != nil {
		return err
	}
	c.choose(&s)
	listener, err := node.Listen(s.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if c.Fresh {
		if err := folder.Remove(s.Data); err != nil {
			return err
		}
	}
	limit(e, memoryLimit)
	n, err := node.Open(ctx, s, node.Options{Log: e.out.stderr, Version: version})
	if err != nil {
		return err
	}
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Serve(inner, listener) })
	g.Go(func() error { return n.Run(inner) })
	if s.Demo && !c.NoDemo && n.HasDemo() {
		g.Go(func() error { return c.demo(inner, e, n) })
	}
	greet(e.out.stderr, n, "http://"+listener.Addr().String(), time.Since(began))
	err = g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, n.Close(context.WithoutCancel(ctx)))
}

// choose lets flags win over settings.
func (c *upCmd) choose(s *config.Up) {
	for _, f := range []struct {
		flag    string
		setting *string
	}{{c.Addr, &s.Addr}, {c.Store, &s.Store}, {c.Endpoint, &s.Endpoint}, {c.Lake, &s.Lake}, {c.Catalog, &s.Catalog}, {c.Faults, &s.Faults}} {
		if f.flag != "" {
			*f.setting = f.flag
		}
	}
}

func (c *upCmd) demo(ctx context.Context, e *environment, n *node.Node) error {
	if !n.HasPast() {
		e.out.note("No history is written: DynamoDB gives every change its own time. Live traffic goes on.")
		return n.Traffic(ctx)
	}
	began := time.Now()
	said := false
	limit(e, seedingLimit)
	err := n.Seed(ctx, func(s node.Step) { said = true; e.out.tell(s) })
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("make the demo: %w", err)
	}
	limit(e, memoryLimit)
	if said {
		debug.FreeOSMemory() // what the history took is not needed again
		e.out.note(fmt.Sprintf("The demo's history is in the lake (%s). Live traffic goes on from here.", time.Since(began).Round(100*time.Millisecond)))
	}
	return n.Traffic(ctx)
}

func greet(w io.Writer, n *node.Node, url string, took time.Duration) {
	fmt.Fprintf(w, "\n  Tarn is up (%d ms).\n\n", took.Milliseconds())
	fmt.Fprintf(w, "  Dashboard     %s/?token=%s\n", url, n.Token())
	if homes := n.Homes(); homes != "" {
		fmt.Fprintf(w, "  Kept in       %s\n", homes)
	}
	if regions := n.Regions(); len(regions) > 0 {
		region := regions[min(2, len(regions)-1)]
		fmt.Fprintf(w, "  as a manager  %s/?token=%s   (sees %s only)\n", url, n.RegionToken(region), region)
	}
	fmt.Fprintf(w, "  API           %s/v1/openapi.json\n", url)
	fmt.Fprintf(w, "  Health        %s/healthz   %s/metrics\n\n  Ctrl-C stops it.\n\n", url, url)
}
