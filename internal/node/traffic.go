package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Traffic goes on with the demo through the HTTP API: people register and apply, clerks decide, as busily as the hour
// is. It returns when ctx is done.
func (n *Node) Traffic(ctx context.Context) error {
	world, err := demo.NewWorld(uint64(time.Now().UnixNano()), n.registry)
	if err != nil {
		return err
	}
	t := &traffic{n: n, world: world, client: &http.Client{Timeout: 10 * time.Second}, base: rand.IntN(80_000_000)}
	defer t.client.CloseIdleConnections()
	for ctx.Err() == nil {
		now := time.Now()
		perSecond := n.settings.DemoRate * max(0.3, world.Busyness(now))
		if err := t.turn(ctx, now); err != nil && ctx.Err() == nil {
			n.log.DebugContext(ctx, "demo traffic was refused", telemetry.Err, err)
		}
		if sleep(ctx, time.Duration(rand.ExpFloat64()/perSecond*float64(time.Second))) != nil {
			break
		}
	}
	return nil
}

// traffic is the people who use the live demo.
type traffic struct {
	n       *Node
	world   *demo.World
	client  *http.Client
	base    int // keeps phone numbers of one run apart from those of others
	count   int
	people  []caller
	waiting []demo.Pass // applications that a clerk will decide, in the order of their time
}

// caller is somebody with a token.
type caller struct {
	demo.Person
	token   string
	expires time.Time
}

// maxPeople bounds how many people the live demo remembers.
const maxPeople = 500

// turn is one application: by somebody new now and then, else by somebody known; and the decisions that are due.
func (t *traffic) turn(ctx context.Context, now time.Time) error {
	t.count++
	if len(t.people) < 20 || t.count%4 == 0 {
		if err := t.register(ctx, now); err != nil {
			return err
		}
	}
	i := rand.IntN(len(t.people))
	if t.people[i].expires.Before(now) {
		t.people = append(t.people[:i], t.people[i+1:]...)
		return nil
	}
	if err := t.apply(ctx, t.people[i], now); err != nil {
		return err
	}
	return t.decide(ctx, now)
}

func (t *traffic) register(ctx context.Context, now time.Time) error {
	p := t.world.Person(t.base+t.count, now)
	body := map[string]any{"name": p.Name, "mobilePhone": p.Phone, "district": p.District, "thana": p.Thana, "dateOfBirth": p.Born.Format(time.DateOnly),
		"gender": p.Gender, "idType": p.IDType, "idNumber": p.IDNumber, "photo": p.Photo}
	var answer struct{ Token string }
	if err := t.post(ctx, "/v1/identity/register", "", body, &answer); err != nil {
		return err
	}
	t.people = append(t.people, caller{p, answer.Token, now.Add(50 * time.Minute)})
	if len(t.people) > maxPeople {
		t.people = t.people[1:]
	}
	return nil
}

func (t *traffic) apply(ctx context.Context, c caller, now time.Time) error {
	x := t.world.Pass(c.Person, now, 0.15)
	body := map[string]any{"fromLocation": x.From, "toLocation": x.To, "district": x.District, "thana": x.Thana,
		"dateTime": x.Start.UTC().Format("2006-01-02T15:04:05.000Z"), "durationInHour": x.Hours, "type": x.Type, "reason": x.Reason,
		"includeVehicle": x.Vehicle, "selfDriven": x.SelfDriven}
	if x.Vehicle {
		body["vehicleNo"] = x.VehicleNo
	}
	if x.Driver != "" {
		body["driverName"], body["driverLicenseNo"] = x.Driver, x.Licence
	}
	var answer struct{ ID string }
	if err := t.post(ctx, "/v1/passes", c.token, body, &answer); err != nil {
		return err
	}
	if x.ID = answer.ID; !x.Decided.IsZero() {
		t.waiting = append(t.waiting, x)
	}
	return nil
}

// decide takes the decisions whose time has come.
func (t *traffic) decide(ctx context.Context, now time.Time) error {
	kept := t.waiting[:0]
	var failed error
	for _, x := range t.waiting {
		if x.Decided.After(now) {
			kept = append(kept, x)
			continue
		}
		step := "approve"
		if x.Status == "REJECTED" {
			step = "reject"
		}
		if err := t.post(ctx, "/v1/datasets/passes/records/"+x.ID+"/"+step, t.n.Token(), nil, nil); err != nil {
			failed = err
		}
	}
	t.waiting = kept
	return failed
}

func (t *traffic) post(ctx context.Context, path, token string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.n.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return fault.Wrap(fault.Transient, err, "post %s", path)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode >= 300 {
		return fault.Wrap(fault.Invalid, err, "post %s: %s: %.200s", path, resp.Status, got)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(got, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}
