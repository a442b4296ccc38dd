//go:build integration

package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// client writes through the HTTP API over many lives of the server and remembers what was acknowledged. A write whose
// answer never came is settled, by asking or by repeating it, before the next one: until then either outcome is right.
type client struct {
	id    int
	rng   *rand.Rand
	owner *member // who applies in this client's name
	next  int     // numbers people and passes
	acked int

	passes map[string]*pass // by place, which is the pass's own
	undone []*pass          // not decided yet
	people map[int]bool     // by number: registered through the generic API and still there
	settle step             // nil: nothing is uncertain
}

// step is one write, or the settling of one.
type step func(ctx context.Context, p *process) error

// member is somebody with a token.
type member struct {
	number int
	token  string
}

// pass is what was acknowledged of a pass.
type pass struct {
	id, place, status, reason string
	version                   int
}

// wrong is an answer that no crash explains.
type wrong struct{ text string }

func (w *wrong) Error() string { return w.text }

func wrongf(format string, args ...any) error { return &wrong{fmt.Sprintf(format, args...)} }

const numbersEach = 1_000_000 // phone numbers of one client

func newClient(id int, seed uint64) *client {
	return &client{id: id, rng: rand.New(rand.NewPCG(seed, uint64(id))), passes: map[string]*pass{}, people: map[int]bool{}}
}

// work writes until the process is gone or ctx is done. The error is wrong when an answer is.
func (c *client) work(ctx context.Context, p *process) error {
	for ctx.Err() == nil {
		do := c.settle
		if do == nil {
			do = c.choose()
		}
		if err := do(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) choose() step {
	if c.owner == nil {
		return c.register
	}
	switch n := c.rng.IntN(20); {
	case n == 0:
		return c.register
	case n < 3:
		return c.createPerson
	case n == 3:
		return c.deletePerson
	case n < 9 && len(c.undone) > 0:
		return c.decide
	case n < 11 && len(c.undone) > 0:
		return c.patch
	default:
		return c.apply
	}
}

// uncertain makes settle the next thing to do when err means that the answer never came.
func (c *client) uncertain(err error, settle step) error {
	c.settle = nil
	if err != nil {
		c.settle = settle
	}
	return err
}

func (c *client) number() int {
	c.next++
	return c.id*numbersEach + c.next
}

// register becomes somebody new. Repeated, it finds the phone taken and signs in instead.
func (c *client) register(ctx context.Context, p *process) error {
	n := c.number()
	var repeat step
	try := func(ctx context.Context, p *process) error {
		a, err := p.try(ctx, call{path: "/v1/identity/register", body: person(n)})
		if err == nil && a.status == http.StatusBadRequest && c.settle != nil {
			a, err = p.try(ctx, call{path: "/v1/identity/login", body: toJSON(map[string]any{"mobilePhone": phone(n), "dateOfBirth": "03021990"})})
		}
		if err := c.uncertain(err, repeat); err != nil {
			return err
		}
		var got struct{ Token string }
		if json.Unmarshal(a.body, &got) != nil || got.Token == "" {
			return wrongf("register %s: %d %.300s", phone(n), a.status, a.body)
		}
		c.acked++
		c.owner = &member{n, got.Token}
		return nil
	}
	repeat = try
	return try(ctx, p)
}

// apply applies for a pass with an idempotency key, so that repeating it must not make another.
func (c *client) apply(ctx context.Context, p *process) error {
	n := c.number()
	one := &pass{place: fmt.Sprintf("place %d", n), status: "APPLIED", reason: "Grocery shopping", version: 1}
	body, owner := application(n, one.place), c.owner.token
	var repeat step
	try := func(ctx context.Context, p *process) error {
		a, err := p.try(ctx, call{path: "/v1/passes", token: owner, body: body, header: []string{"Idempotency-Key", "key-" + strconv.Itoa(n)}})
		if err := c.uncertain(err, repeat); err != nil {
			return err
		}
		var got struct{ ID string }
		if a.status != http.StatusCreated || json.Unmarshal(a.body, &got) != nil || got.ID == "" {
			return wrongf("apply %d: %d %.300s", n, a.status, a.body)
		}
		c.acked++
		one.id = got.ID
		c.passes[one.place] = one
		c.undone = append(c.undone, one)
		return nil
	}
	repeat = try
	return try(ctx, p)
}

// decide approves or rejects an undecided pass.
func (c *client) decide(ctx context.Context, p *process) error {
	i := c.rng.IntN(len(c.undone))
	one := c.undone[i]
	c.undone = append(c.undone[:i], c.undone[i+1:]...)
	verb, want := "approve", *one
	if want.status = "APPROVED"; c.rng.IntN(3) == 0 {
		verb, want.status = "reject", "REJECTED"
	}
	want.version++
	a, err := p.try(ctx, call{method: http.MethodPost, path: "/v1/datasets/passes/records/" + one.id + "/" + verb, token: p.token})
	return c.changed(a, err, one, want)
}

// patch changes a field of an undecided pass.
func (c *client) patch(ctx context.Context, p *process) error {
	one := c.undone[c.rng.IntN(len(c.undone))]
	want := *one
	want.reason = fmt.Sprintf("Reason %d", c.number())
	want.version++
	a, err := p.try(ctx, call{method: http.MethodPatch, path: "/v1/datasets/passes/records/" + one.id, token: p.token, body: toJSON(map[string]any{"reason": want.reason})})
	return c.changed(a, err, one, want)
}

// changed takes over the answer of a change from one to want. Without an answer the record itself is asked later.
func (c *client) changed(a reply, err error, one *pass, want pass) error {
	was := *one
	if err := c.uncertain(err, func(ctx context.Context, p *process) error { return c.reread(ctx, p, one, was, want) }); err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return wrongf("change %s to %+v: %d %.300s", one.id, want, a.status, a.body)
	}
	c.acked++
	*one = want
	return nil
}

// reread settles a change whose answer never came: the record is as it was or as it was to be.
func (c *client) reread(ctx context.Context, p *process, one *pass, was, want pass) error {
	a, err := p.try(ctx, call{path: "/v1/datasets/passes/records/" + one.id, token: p.token})
	if err != nil {
		return err
	}
	var got struct {
		Status, Reason string
		Version        int
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, &got) != nil {
		return wrongf("read %s again: %d %.300s", one.id, a.status, a.body)
	}
	now := was
	now.status, now.reason, now.version = got.Status, got.Reason, got.Version
	if now != was && now != want {
		return wrongf("%s is %+v after a crash, want %+v or %+v", one.id, now, was, want)
	}
	*one, c.settle = now, nil
	return nil
}

// createPerson and deletePerson use the API of all datasets. Nobody of these applies, so counters stay as they are.
func (c *client) createPerson(ctx context.Context, p *process) error {
	n := c.number()
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(person(n)), &fields); err != nil {
		return err
	}
	fields["id"] = fields["mobilePhone"]
	delete(fields, "mobilePhone")
	a, err := p.try(ctx, call{path: "/v1/datasets/applicants/records", token: p.token, body: toJSON(fields)})
	if err := c.uncertain(err, func(ctx context.Context, p *process) error { return c.exists(ctx, p, n) }); err != nil {
		return err
	}
	if a.status != http.StatusCreated {
		return wrongf("create %s: %d %.300s", phone(n), a.status, a.body)
	}
	c.acked++
	c.people[n] = true
	return nil
}

func (c *client) deletePerson(ctx context.Context, p *process) error {
	for n := range c.people { // any of them
		a, err := p.try(ctx, call{method: http.MethodDelete, path: "/v1/datasets/applicants/records/" + phone(n), token: p.token})
		if err := c.uncertain(err, func(ctx context.Context, p *process) error { return c.exists(ctx, p, n) }); err != nil {
			return err
		}
		if a.status != http.StatusNoContent {
			return wrongf("delete %s: %d %.300s", phone(n), a.status, a.body)
		}
		c.acked++
		delete(c.people, n)
		return nil
	}
	return nil
}

// exists settles a person's creation or deletion by asking for them.
func (c *client) exists(ctx context.Context, p *process, n int) error {
	a, err := p.try(ctx, call{path: "/v1/datasets/applicants/records/" + phone(n), token: p.token})
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusOK:
		c.people[n] = true
	case http.StatusNotFound:
		delete(c.people, n)
	default:
		return wrongf("read %s again: %d %.300s", phone(n), a.status, a.body)
	}
	c.settle = nil
	return nil
}
