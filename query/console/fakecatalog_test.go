//go:build integration

package console_test

const catalogText = `{"zone":"Asia/Dhaka","viewer":"VIEWER","datasets":[{"name":"passes","title":"Passes"}],
"lookups":{"divisions":[{"code":"barishal","label":"Barishal"},{"code":"chattogram","label":"Chattogram"},{"code":"dhaka","label":"Dhaka"},{"code":"khulna","label":"Khulna"},
{"code":"mymensingh","label":"Mymensingh"},{"code":"rajshahi","label":"Rajshahi"},{"code":"rangpur","label":"Rangpur"},{"code":"sylhet","label":"Sylhet"}]},
"metrics":[{"name":"applications","title":"Applications","dataset":"passes","timed":true,
"dimensions":[{"name":"division","title":"Division","lookup":"divisions"},{"name":"home","title":"Home division","lookup":"divisions"},{"name":"district","title":"District","lookup":"districts"},{"name":"reason","title":"Reason"},{"name":"status","title":"Status"},{"name":"hour","title":"Hour","hour":true}],
"measures":[{"name":"applications","title":"Applications","format":"integer"},{"name":"approved","title":"Approved","format":"integer"},{"name":"rejected","title":"Rejected","format":"integer"},
{"name":"approval_rate","title":"Approval rate","unit":"%","format":"percent","better":"up"},{"name":"median_decision","title":"Median time to decision","unit":"s","format":"duration","better":"down"},{"name":"p95_decision","title":"95th percentile","unit":"s","format":"duration","better":"down"}]},
{"name":"movement","title":"Movement","dataset":"passes","timed":true,"dimensions":[{"name":"division","title":"Division","lookup":"divisions"}],"measures":[{"name":"on_the_move","title":"People on the move","unit":"people","format":"integer","agg":"active"}]}],
"dashboards":[{"name":"overview","domain":"movement-pass","title":"Movement Pass overview","tiles":[
{"id":"applications","title":"Applications","note":"New applications, counted when they were stored.","kind":"number","metric":"applications","measures":["applications"],"compare":true,"width":3},
{"id":"approval","title":"Approval rate","note":"Approved among decided applications.","kind":"number","metric":"applications","measures":["approval_rate"],"compare":true,"width":3},
{"id":"decision","title":"Median time to decision","kind":"number","metric":"applications","measures":["median_decision","p95_decision"],"compare":true,"width":3},
{"id":"moving","title":"On the move in the next 12 hours","note":"Passes that are valid at each instant.","kind":"number","metric":"movement","measures":["on_the_move"],"range":"next-12h","width":3},
{"id":"course","title":"Applications over time","note":"Each day of the range, beside the days before it.","kind":"area","metric":"applications","measures":["applications"],"grain":"day","compare":true,"width":8},
{"id":"districts","title":"Busiest destination districts","note":"Where people want to go.","kind":"bar","metric":"applications","measures":["applications"],"dimensions":["district"],"limit":8,"width":4},
{"id":"status","title":"Decisions by hour","note":"What became of the applications of each hour.","kind":"bar","metric":"applications","measures":["approved","rejected"],"grain":"hour","range":"last-24h","width":6},
{"id":"divisions","title":"Applications by division","note":"The six busiest.","kind":"line","metric":"applications","measures":["applications"],"dimensions":["division"],"grain":"day","limit":6,"width":6},
{"id":"heat","title":"When each division applies","note":"Applications by local hour of day.","kind":"heat","metric":"applications","measures":["applications"],"dimensions":["division","hour"],"width":12},
{"id":"matrix","title":"From home division to destination","note":"Applicants’ home against the pass’s destination.","kind":"heat","metric":"applications","measures":["applications"],"dimensions":["home","division"],"width":7},
{"id":"reasons","title":"Reasons","kind":"table","metric":"applications","measures":["applications","approval_rate","median_decision"],"dimensions":["reason"],"limit":10,"width":5}]},
{"name":"quality","domain":"movement-pass","title":"Data quality","tiles":[{"id":"all","title":"Applications, ever","kind":"number","metric":"applications","measures":["applications"],"range":"all","width":4}]}]}`
