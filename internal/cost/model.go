package cost

import "math"

// model is a load's flow, from which every bill is made.
type model struct {
	load     Load
	assume   names
	measured Measured
	prices   map[string]Price

	shards  float64
	batches float64 // that the streams deliver
	idle    float64 // invocations that only close a window
	files   float64 // of a commit, or of Firehose in one of its turns
	commits float64
}

func newModel(l Load, a names, measured Measured, prices []Price) *model {
	m := &model{load: l, assume: a, measured: measured, prices: map[string]Price{}}
	for _, p := range prices {
		m.prices[p.ID] = p
	}
	rate := l.Changes / Seconds
	m.shards = math.Max(a["shards"], math.Ceil(rate*a["peak"]/a["shard-writes"]))
	each := rate / m.shards
	// A batch begins with its first change and ends with the window or at 6 MB.
	const payload = 6 * mb
	cycle := math.Min(a["capture-seconds"], payload/(each*l.RecordBytes)) + 1/each
	m.batches = m.shards * Seconds / cycle
	// Every window of fifteen minutes that had a batch is closed by one more invocation.
	m.idle = math.Min(m.shards*Seconds/900, m.batches)
	m.commits = Seconds / (a["commit-seconds"] + Seconds/m.batches)
	m.files = math.Min(a["regions"], l.Changes/m.commits)
	return m
}

// add adds a position to the bill.
func (m *model) add(b *Bill, part, service, what, price string, quantity float64) {
	p := m.prices[price]
	line := Line{Part: part, Service: service, What: what, Quantity: quantity, Unit: p.Unit, Price: price, USD: quantity * p.USD / p.Per}
	b.Lines = append(b.Lines, line)
	b.USD += line.USD
}

// compute returns the GB-seconds of invocations that wait so many milliseconds each and work so many microseconds of a
// core for a change.
func (m *model) compute(memory string, invocations, waitMS, micros float64) float64 {
	const core = 1769 // MB of memory that bring a whole core
	share := math.Min(m.assume[memory]/core, 1)
	work := m.load.Changes * micros / 1e6 * m.assume["slower"] / share
	return (invocations*waitMS/1e3 + work) * m.assume[memory] / 1024
}

// stored is what the history holds, in GB.
func (m *model) stored() float64 {
	return m.load.Changes * m.assume["months"] * m.assume["lake-bytes"] / gb
}

// asked adds what viewers' questions cost, which is the same whoever filled the lake.
func (m *model) asked(b *Bill) {
	n := m.load.Viewers * m.assume["questions"]
	m.add(b, Questions, "Athena", "bytes read by viewers' questions", "athena-tb", n*math.Max(m.assume["question-mb"], 10)*mb/(1<<40))
	m.add(b, Storage, "S3", "history kept", "s3-gb-month", m.stored())
}

// tarn is Tarn's bill.
func (m *model) tarn() Bill {
	b := Bill{Way: "Tarn"}
	a, k := m.assume, m.measured
	m.add(&b, Capture, "Lambda", "invocations of the processor", "lambda-request", m.batches+m.idle)
	m.add(&b, Capture, "Lambda", "processor at work", "lambda-gb-second", m.compute("capture-mb", m.batches, a["put-ms"], k.LandMicros))
	m.add(&b, Capture, "S3", "landed batches", "s3-put", m.batches*k.LandPuts)
	const polls = 5 * Seconds / 20 // five pollers of the event source mapping, each asking every 20 s
	m.add(&b, Capture, "SQS", "landings told and taken", "sqs-request", m.batches+2*m.commits+polls)
	m.add(&b, Capture, "Lambda", "invocations of the committer", "lambda-request", m.commits+Seconds/300)
	m.add(&b, Capture, "Lambda", "committer at work", "lambda-gb-second", m.compute("commit-mb", m.commits, a["commit-ms"], k.RowMicros))
	m.add(&b, Capture, "S3", "files and metadata of commits", "s3-put", m.commits*(k.CommitPuts+m.files))
	m.add(&b, Capture, "S3", "reads of commits", "s3-get", m.commits*k.CommitGets+m.batches)
	merges := math.Min(Seconds/600, m.commits)
	m.add(&b, Capture, "Lambda", "compaction at work", "lambda-gb-second", m.compute("commit-mb", merges, a["maintain-ms"], k.MergeMicros))
	m.add(&b, Capture, "S3", "files and metadata of compaction", "s3-put", merges*(k.MergePuts+m.files))
	m.add(&b, Capture, "S3", "reads of compaction", "s3-get", merges*k.MergeGets+m.commits*m.files)
	m.add(&b, Capture, "Glue", "catalog requests over the free million", "glue-request", math.Max(0, m.commits*k.CommitGlue+merges*k.MergeGlue-1e6))
	runs := m.batches + m.idle + m.commits + merges
	m.add(&b, Capture, "CloudWatch", "logs", "log-gb", runs*a["log-bytes"]/gb)
	bases := Seconds/900.0 + Seconds/3600.0
	m.add(&b, State, "Lambda", "current state and ledger at work", "lambda-gb-second", m.compute("commit-mb", bases+Seconds/300, a["maintain-ms"], k.BaseMicros))
	m.add(&b, State, "S3", "files and metadata of current state", "s3-put", bases*(k.MergePuts+16))
	m.asked(&b)
	return b
}
