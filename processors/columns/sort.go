package columns

// SortKey is a flat leaf to sort by. Nulls come last, descending or not.
type SortKey struct {
	Path string
	Desc bool
}

// Group is the rows of one partition.
type Group struct {
	Date   int32 // days since 1970-01-01
	Region string
	Rows   []int32 // in the order they had
}
