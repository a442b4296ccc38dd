package embedded

// OpenOn is Open on another file system, one that can lose what was not synced.
var OpenOn = open

// AppendKey and AppendDecimal are the order-preserving encodings.
var (
	AppendKey    = appendKey
	ParseVersion = parseVersion
)
