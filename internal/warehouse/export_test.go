package warehouse

// ReadToEnd returns the lanes of shards that are read to their end.
var ReadToEnd = readToEnd
