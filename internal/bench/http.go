package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/node"
)

// httpAlone measures creates through the Movement Pass contract while no processor runs.
func (b *bench) httpAlone(ctx context.Context) ([]Result, error) {
	return b.http(ctx, "HTTP: durable creates, processors off", "≥ 8,000/s, goal 12,000/s; p99 ≤ 25 ms", func(context.Context, *node.Node) error { return nil })
}

// httpWhole measures the same while what is created goes the whole way into the lake.
func (b *bench) httpWhole(ctx context.Context) ([]Result, error) {
	return b.http(ctx, "HTTP: durable creates, the whole way running", "≥ 4,000/s; p99 ≤ 25 ms", func(ctx context.Context, n *node.Node) error { return n.Run(ctx) })
}

func (b *bench) http(ctx context.Context, name, target string, beside func(context.Context, *node.Node) error) ([]Result, error) {
	var results []Result
	err := b.served(ctx, beside, func(ctx context.Context, addr string, people []caller) error {
		conns := make([]*conn, b.Clients)
		for i := range conns {
			var err error
			if conns[i], err = dial(addr); err != nil {
				return err
			}
			defer conns[i].Close()
		}
		count, times, err := b.clients(ctx, func(_ context.Context, client, n int) error {
			return conns[client].send(people[(client*31+n)%len(people)].request)
		})
		results = rate(name, count, times, b.For, target)
		return err
	})
	return results, err
}

// caller is an applicant with a whole request to apply.
type caller struct {
	token   string
	request []byte
}

// served runs do against a node that is served, with something beside it.
func (b *bench) served(ctx context.Context, beside func(context.Context, *node.Node) error, do func(ctx context.Context, addr string, people []caller) error) error {
	s, err := b.settings("")
	if err != nil {
		return err
	}
	l, err := node.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	n, err := node.Open(ctx, s, node.Options{Version: "bench"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Serve(inner, l) })
	g.Go(func() error { return beside(inner, n) })
	err = b.callers(inner, n, l.Addr().String(), do)
	cancel()
	if stopped := g.Wait(); !errors.Is(stopped, context.Canceled) {
		err = errors.Join(err, stopped)
	}
	return errors.Join(err, n.Close(context.WithoutCancel(ctx)))
}

const callers = 200

func (b *bench) callers(ctx context.Context, n *node.Node, addr string, do func(ctx context.Context, addr string, people []caller) error) error {
	world, err := demo.NewWorld(2, n.Registry())
	if err != nil {
		return err
	}
	people := make([]caller, callers)
	for i := range people {
		p := world.Person(i, time.Now())
		if people[i], err = register(ctx, addr, p); err != nil {
			return err
		}
		x := world.Pass(p, time.Now(), 1)
		people[i].request = application(addr, people[i].token, x)
	}
	return do(ctx, addr, people)
}

func register(ctx context.Context, addr string, p demo.Person) (caller, error) {
	body, err := json.Marshal(map[string]any{"name": p.Name, "mobilePhone": p.Phone, "district": p.District, "thana": p.Thana,
		"dateOfBirth": p.Born.Format(time.DateOnly), "gender": p.Gender, "idType": p.IDType, "idNumber": p.IDNumber, "photo": p.Photo})
	if err != nil {
		return caller{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/identity/register", bytes.NewReader(body))
	if err != nil {
		return caller{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return caller{}, err
	}
	defer resp.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return caller{}, fmt.Errorf("register: %s: %w", resp.Status, err)
	}
	return caller{token: answer.Token}, nil
}

func application(addr, token string, x demo.Pass) []byte {
	fields := map[string]any{"fromLocation": x.From, "toLocation": x.To, "district": x.District, "thana": x.Thana,
		"dateTime": x.Start.UTC().Format("2006-01-02T15:04:05.000Z"), "durationInHour": x.Hours, "type": x.Type, "reason": x.Reason, "includeVehicle": false}
	body, _ := json.Marshal(fields) // texts and numbers always marshal
	return []byte(fmt.Sprintf("POST /v1/passes HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		addr, token, len(body), body))
}

// conn is a client that keeps its connection and does no more than a load generator must.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}

// send writes a request and reads its whole answer, which must be 200 or 201.
func (c *conn) send(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	status, err := c.r.ReadString('\n')
	if err != nil {
		return err
	}
	length := 0
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if strings.HasPrefix(status, "HTTP/1.1 20") {
		_, err = c.r.Discard(length)
		return err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return err
	}
	return fmt.Errorf("%s %s", strings.TrimSpace(status), body)
}
