// Package viewer says who asks and what they may see and do. A viewer travels in the context from the door to the
// engine, where its regions become a predicate below every question.
package viewer

import (
	"context"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Viewer is somebody who asks. The zero Viewer may see nothing and do nothing.
type Viewer struct {
	ID      string   // who it is, as logs and stamps name it
	Regions []string // the regions it may see; nil means none, [All] means every one
	Roles   []string // what it may do: "reader", "writer", or a role that a lifecycle transition names
}

// All stands in Regions for every region, those unknown included.
const All = "*"

type key struct{}

// With returns a context that carries v.
func With(ctx context.Context, v Viewer) context.Context { return context.WithValue(ctx, key{}, v) }

// From returns the context's viewer, or an Unauthorized error.
func From(ctx context.Context) (Viewer, error) {
	v, ok := ctx.Value(key{}).(Viewer)
	if !ok {
		return Viewer{}, fault.New(fault.Unauthorized, "nobody is signed in")
	}
	return v, nil
}

// System returns the viewer that Tarn's own work runs as: every region, every role.
func System() Viewer { return Viewer{ID: "system", Regions: []string{All}, Roles: []string{All}} }

// SeesAll reports whether no region is hidden from v.
func (v Viewer) SeesAll() bool { return slices.Contains(v.Regions, All) }

// Has reports whether v has the role.
func (v Viewer) Has(role string) bool {
	return slices.Contains(v.Roles, role) || slices.Contains(v.Roles, All)
}
