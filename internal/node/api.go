package node

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/movementpass"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// service returns the CRUD service over the store.
func (n *Node) service() (*ingest.Service, error) {
	profile, waived := schemas.Lenient, []string(nil)
	switch n.settings.Profile {
	case "lenient":
	case "strict":
		profile = schemas.Strict
	default:
		return nil, fault.New(fault.Invalid, "TARN_PROFILE: %q is neither lenient nor strict", n.settings.Profile)
	}
	if n.HasDemo() {
		waived = movementpass.Waived()
	}
	rules, err := ingest.CompileRules(n.registry, waived...)
	if err != nil {
		return nil, err
	}
	observe := telemetry.Logged(n.log, slog.LevelDebug)
	return ingest.New(n.registry, n.store, ingest.Options{Log: n.log, Profile: profile, Rules: rules, Observe: observe})
}

// movementPass returns the contract of the existing clients.
func (n *Node) movementPass(service *ingest.Service) (http.Handler, error) {
	photos, err := dir.Open(n.folder.Path("uploads"))
	if err != nil {
		return nil, fmt.Errorf("open the photos: %w", err)
	}
	return movementpass.NewHandler(service, n.registry, photos, movementpass.Options{
		Secret: n.folder.Key("movement-pass"), Log: n.log, Observe: n.rejected,
	})
}

func (n *Node) rejected(r movementpass.Rejected) {
	n.meters.rejected.WithLabelValues(r.Reason).Inc()
	msg, attrs := r.Attrs()
	n.log.LogAttrs(context.Background(), slog.LevelDebug, msg, attrs...)
}

// regionTokens returns a token for a manager of each region, who sees nothing of the others.
func (n *Node) regionTokens() map[string]viewer.Viewer {
	tokens := map[string]viewer.Viewer{}
	for _, region := range n.Regions() {
		tokens[n.RegionToken(region)] = viewer.Viewer{ID: region + "-manager", Regions: []string{region}, Roles: []string{"reader"}}
	}
	return tokens
}

// RegionToken returns the token of the manager of a region.
func (n *Node) RegionToken(region string) string {
	return fmt.Sprintf("%x", n.folder.Key("token of " + region)[:16])
}

// Regions returns every region of every dataset but those unknown.
func (n *Node) Regions() []string {
	seen := map[string]bool{}
	var all []string
	for _, d := range n.registry.Datasets() {
		for _, r := range d.Region.Values {
			if r != d.Region.Unknown && !seen[r] {
				seen[r] = true
				all = append(all, r)
			}
		}
	}
	return all
}
