package schemas

// Metric is one family of measures over one relation, as <dataset>.metrics.yaml declares it.
type Metric struct {
	Name        string // unique in the registry
	Title       string
	Description string
	Dataset     string
	// Source is the relation that the measures are taken over: "changes" (history, one row a change), "current" (one row
	// a record) or "view" (the rows of View).
	Source     string
	View       string // SQL in the portable subset over <dataset>, <dataset>_changes and lookup_<codes>; for Source "view"
	Time       string // the timestamp column that ranges and grains are taken from; empty: the metric has no time
	Filter     string // SQL condition in the portable subset that every measure shares; empty: none
	Whole      bool   // compares records of different regions, so it is wrong for a viewer who does not see all of them
	Dimensions []Dimension
	Measures   []Measure
}

// Dimension is a way to split a measure.
type Dimension struct {
	Name   string
	Title  string
	Column string // SQL expression in the portable subset, most often a column
	Lookup string // code list that turns the value into a label; empty: the value itself
	Label  string // the code list's column that holds the label
	Hour   bool   // the dimension is the local hour of day of the metric's time
}

// Measure is one number.
type Measure struct {
	Name        string
	Title       string
	Description string
	Agg         string  // count, sum, min, max, avg, distinct, percentile, ratio, active
	Of          string  // SQL expression in the portable subset; for ratio: the numerator's measure
	Per         string  // ratio: the denominator's measure
	P           float64 // percentile: 0 to 1
	Where       string  // SQL condition for this measure alone; empty: none
	From, Until string  // active: the half-open interval [From, Until) whose rows count at an instant
	Unit        string  // "", "s", "%", "passes", …: how a number is shown
	Format      string  // "integer", "decimal", "percent", "duration"
	Better      string  // "", "up", "down": which way is good
}

// Dashboard is one page of tiles, as <name>.dashboard.yaml declares it.
type Dashboard struct {
	Name   string
	Domain string
	Title  string
	Tiles  []Tile
}

// Tile is one number, chart or table of a dashboard.
type Tile struct {
	ID         string
	Title      string
	Note       string // what the figure means, in a sentence
	Kind       string // number, line, area, bar, heat, table
	Metric     string
	Measures   []string
	Dimensions []string
	Filters    []Filter
	Grain      string // "", minute, hour, day, week, month
	Range      string // "" the page's own; else today, next-12h, last-24h, last-7d, all
	Compare    bool   // beside the period before
	Limit      int
	Width      int // of 12 columns
}

// Filter keeps the rows whose dimension has one of the values.
type Filter struct {
	Dimension string
	Values    []string
	Not       bool // keeps all others
}
