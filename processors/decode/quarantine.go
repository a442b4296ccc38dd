package decode

// Parked is a record that could not be decoded, for the quarantine.
type Parked struct {
	Identity
	Dataset string // empty: it could not be told
	Reason  string
	Field   string // empty: the record as a whole
	Line    int64  // of a file; 0: none
	Payload []byte
}

// Park adds a bad record to the quarantine's rows.
func (o *Output) Park(p Parked) {
	t := o.bad
	at := p.At.UnixMicro()
	t.op.AppendString(string(p.Op))
	t.shard.AppendString(p.Lane)
	t.seq.AppendString(string(p.Seq))
	t.at.AppendInt64(at)
	t.day.AppendInt32(int32(floorDiv(at, dayMicros)))
	t.region.AppendString("unknown")
	t.stream.AppendString(o.stream)
	t.reason.AppendString(p.Reason)
	if p.Dataset != "" {
		t.dataset.AppendString(p.Dataset)
	}
	if p.Field != "" {
		t.field.AppendString(p.Field)
	}
	if p.Line != 0 {
		t.line.AppendInt64(p.Line)
	}
	t.payload.AppendBytes(p.Payload)
	t.batch.EndRow()
}
