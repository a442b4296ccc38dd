package cost

import "math"

// firehose is the bill of DynamoDB Streams → a function that flattens changes → Firehose with conversion to Parquet and
// dynamic partitioning → S3, compacted by Glue, current state merged by a Glue job. A Kinesis stream in place of the
// function costs more.
func (m *model) firehose() Bill {
	b := Bill{Way: "Firehose + Glue + Athena"}
	a := m.assume
	m.add(&b, Capture, "Lambda", "invocations of the function", "lambda-request", m.batches)
	m.add(&b, Capture, "Lambda", "function at work", "lambda-gb-second", m.compute("capture-mb", m.batches, a["put-ms"], a["naive-us"]))
	bytes := m.load.RecordBytes
	if a["firehose-packed"] == 0 {
		bytes = math.Ceil(bytes/5120) * 5120
	}
	volume := m.load.Changes * bytes / gb
	m.add(&b, Capture, "Firehose", "data taken", "firehose-gb", volume)
	m.add(&b, Capture, "Firehose", "conversion to Parquet", "firehose-conversion-gb", volume)
	lake := m.load.Changes * a["lake-bytes"] / gb
	turns := Seconds / (a["firehose-seconds"] + Seconds/m.load.Changes)
	objects := turns * math.Min(a["regions"], m.load.Changes/turns)
	m.add(&b, Capture, "Firehose", "partitioning", "firehose-partitioning-gb", lake)
	m.add(&b, Capture, "Firehose", "partitioned objects", "firehose-object", objects)
	m.add(&b, Capture, "S3", "objects delivered", "s3-put", objects)
	m.add(&b, Capture, "Glue", "compaction", "glue-dpu-hour", lake/a["dpu-gb"])
	m.add(&b, Capture, "CloudWatch", "logs", "log-gb", m.batches*a["log-bytes"]/gb)
	m.add(&b, State, "Glue", "job that merges current state", "glue-dpu-hour", Seconds/60/a["state-minutes"]*a["state-dpu"]*a["state-run-minutes"]/60)
	m.asked(&b)
	return b
}

// zeroETL is the bill of Glue zero-ETL from DynamoDB into Iceberg tables in S3: incremental exports and Glue's work on
// them. It keeps current state only: there is no history of changes.
func (m *model) zeroETL() Bill {
	b := Bill{Way: "Glue zero-ETL"}
	a := m.assume
	item := m.load.RecordBytes / 2 // an event has two images
	table := a["table-gb"]
	if table == 0 {
		table = m.load.Changes * 12 / 10 * item / gb
	}
	m.add(&b, Capture, "DynamoDB", "point-in-time recovery, which exports need", "pitr-gb-month", table)
	m.add(&b, Capture, "DynamoDB", "incremental exports", "export-gb", m.load.Changes*item/gb)
	m.add(&b, Capture, "Glue", "refreshes at work", "glue-dpu-hour", Seconds/60/a["etl-minutes"]*a["etl-dpu"]*a["etl-run-minutes"]/60)
	m.asked(&b)
	return b
}
