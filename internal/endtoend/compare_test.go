//go:build integration

package endtoend_test

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// storedPasses reads every pass of the store through the API.
func storedPasses(p *process) []pass {
	p.tb.Helper()
	var all []pass
	for cursor := ""; ; {
		var page struct {
			Records []struct {
				ID, ToLocation, Status, Reason string
				Version                        int
			}
			Next string
		}
		p.want(http.StatusOK, call{path: "/v1/datasets/passes/records?limit=1000" + cursor, token: p.token}).into(p.tb, &page)
		for _, r := range page.Records {
			all = append(all, pass{id: r.ID, place: r.ToLocation, status: r.Status, reason: r.Reason, version: r.Version})
		}
		if page.Next == "" {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(page.Next)
	}
}

// lakePasses reads every pass of the lake's current state.
func lakePasses(p *process) []pass {
	p.tb.Helper()
	var all []pass
	for _, row := range p.sql("SELECT id, toLocation, status, reason, version FROM passes") {
		version, err := strconv.Atoi(row[4])
		if err != nil {
			p.tb.Errorf("pass %s has the version %q", row[0], row[4])
		}
		all = append(all, pass{id: row[0], place: row[1], status: row[2], reason: row[3], version: version})
	}
	return all
}

// compare holds what was read against what was acknowledged. Places are the clients' own, so a place that comes twice is
// a write that was done twice.
func (k *killing) compare(where string, found []pass) {
	k.t.Helper()
	acked := map[string]*pass{}
	for _, c := range k.clients {
		maps.Copy(acked, c.passes)
	}
	total := len(acked)
	seen := map[string]bool{}
	for _, got := range found {
		if seen[got.place] {
			k.doubled++
			k.t.Errorf("%s: two passes to %q, one of them %s", where, got.place, got.id)
			continue
		}
		seen[got.place] = true
		want, ok := acked[got.place]
		switch {
		case !ok:
			k.wrong++
			k.t.Errorf("%s: nobody was told of %+v", where, got)
		case got != *want:
			k.wrong++
			k.t.Errorf("%s: %+v, acknowledged was %+v", where, got, *want)
		}
		delete(acked, got.place)
	}
	for _, lost := range acked {
		k.lost++
		k.t.Errorf("%s: lost %+v of %d", where, *lost, total)
	}
}

// history checks that each write of a pass is one row of the history: as many as its version counts.
func (k *killing) history(p *process) {
	k.t.Helper()
	rows := p.sql(`SELECT p.id, p.version, h.n, h.versions FROM passes p JOIN (SELECT id, count(*) AS n, count(DISTINCT version) AS versions
		FROM passes_changes GROUP BY id) h ON h.id = p.id WHERE h.n <> p.version OR h.versions <> p.version`)
	for _, r := range rows {
		k.wrong++
		k.t.Errorf("history: pass %s has version %s, %s rows and %s different versions", r[0], r[1], r[2], r[3])
	}
}

// people checks the applicants of the API of all datasets, and that each applicant's counters equal the passes.
func (k *killing) people(p *process) {
	k.t.Helper()
	for _, c := range k.clients {
		for n := range c.people {
			if a := p.ask(call{path: "/v1/datasets/applicants/records/" + phone(n), token: p.token}); a.status != http.StatusOK {
				k.lost++
				k.t.Errorf("lost person %s: %d %.200s", phone(n), a.status, a.body)
			}
		}
	}
	wrong := p.one(`SELECT count(*) FROM applicants a LEFT JOIN (SELECT applicantId, count(*) AS applied, count(*) FILTER (WHERE status = 'APPROVED') AS approved,
		count(*) FILTER (WHERE status = 'REJECTED') AS rejected FROM passes GROUP BY applicantId) c ON c.applicantId = a.id
		WHERE a.appliedCount <> coalesce(c.applied, 0) OR a.approvedCount <> coalesce(c.approved, 0) OR a.rejectedCount <> coalesce(c.rejected, 0)`)
	if wrong != "0" {
		k.wrong++
		k.t.Errorf("the counters of %s applicants do not equal their passes", wrong)
	}
}
