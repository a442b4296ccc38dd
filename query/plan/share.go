package plan

import (
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// Shared returns the SELECT of a view for everybody who may read a database's tables, in Trino's and Athena's words: the
// records of the dataset as the dashboard sees them, the base and the changes since. Through is a commit that the base is
// current to, or any before it: a view that was made for an older base is right for a newer one too, and only reads more.
// A database without the base yet has through -1. Of a dataset without a key it shows the history without its marks.
func Shared(d *schemas.Dataset, registry *schemas.Registry, database string, through int64) string {
	env := Env{Registry: registry, Dialect: Trino(database), Regions: []string{viewer.All}}
	if through >= 0 {
		// Rows out of their order may come at any time after the view was made.
		env.Through, env.Late = map[string]int64{d.Name: through}, map[string]int64{d.Name: through + 1}
	}
	v := newViews(env)
	if d.Key.IsZero() {
		v.history(d.Name, d)
	} else {
		v.current(d)
	}
	return "WITH " + v.text[0] + "\nSELECT * FROM " + Ident(d.Name)
}
