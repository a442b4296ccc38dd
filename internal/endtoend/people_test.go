//go:build integration

package endtoend_test

import (
	"fmt"
	"net/http"
	"time"
)

// phone returns the n-th person's mobile phone.
func phone(n int) string { return fmt.Sprintf("017%08d", n) }

// person is a registration. District and thana follow the number, so that all divisions have some.
func person(n int) string {
	return toJSON(map[string]any{"name": fmt.Sprintf("Person %d", n), "mobilePhone": phone(n), "district": district(n), "thana": 10001 + n%600,
		"dateOfBirth": "1990-02-03", "gender": "F", "idType": "NID", "idNumber": fmt.Sprintf("%013d", n), "photo": "https://photos.example/a.jpg"})
}

func district(n int) int { return 1001 + n%75 }

// application is an application for a pass, to a place that no other has.
func application(n int, place string) string { return toJSON(applicationFields(n, place)) }

func applicationFields(n int, place string) map[string]any {
	return map[string]any{"fromLocation": "Home", "toLocation": place, "district": district(n), "thana": 10001 + n%600,
		"dateTime": time.Now().UTC().Add(2 * time.Hour).Format("2006-01-02T15:04:05.000Z"), "durationInHour": 1 + n%12, "type": "R",
		"reason": "Grocery shopping", "includeVehicle": false}
}

// register registers the n-th person and returns the token.
func (p *process) register(n int) string {
	p.tb.Helper()
	var a struct{ Token string }
	p.want(http.StatusOK, call{path: "/v1/identity/register", body: person(n)}).into(p.tb, &a)
	return a.Token
}

// apply applies for a pass and returns its id.
func (p *process) apply(token string, n int, place string) string {
	p.tb.Helper()
	var a struct{ ID string }
	p.want(http.StatusCreated, call{path: "/v1/passes", token: token, body: application(n, place)}).into(p.tb, &a)
	return a.ID
}

// approve approves a pass through the API of all datasets.
func (p *process) approve(id string) {
	p.tb.Helper()
	p.want(http.StatusOK, call{method: http.MethodPost, path: "/v1/datasets/passes/records/" + id + "/approve", token: p.token})
}

// passes returns how many passes the lake has.
func (p *process) passes() string {
	p.tb.Helper()
	return p.one("SELECT count(*) FROM passes")
}
