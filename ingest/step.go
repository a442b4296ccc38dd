package ingest

import (
	"net/http"

	"github.com/tarn-lake/tarn/internal/fault"
)

func (a *api) transition(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, true)
	if err != nil {
		return err
	}
	step := r.PathValue("step")
	if step == "" {
		step = r.PathValue("sort")
	}
	match, err := ifMatch(r)
	if err != nil {
		return err
	}
	if err := a.empty(w, r); err != nil {
		return err
	}
	rec, err := a.service.Transition(r.Context(), p.Name, key, step, match)
	if err != nil {
		return err
	}
	return a.answer(w, r, p, http.StatusOK, rec)
}

// empty refuses a body that says something: a step takes nothing.
func (a *api) empty(w http.ResponseWriter, r *http.Request) error {
	body, err := ReadBody(w, r, a.opts.Limits.Body)
	if err != nil {
		return err
	}
	defer body.Free()
	if len(body.Bytes()) == 0 {
		return nil
	}
	nothing := NewShape("this step, which takes none", nil)
	_, faults, err := nothing.Parse(body.Bytes())
	if err == nil && len(faults) > 0 {
		err = fault.WithFields("the step takes no fields", faults)
	}
	return err
}
