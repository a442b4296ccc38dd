"""Creates what moto's CloudFormation can create of an assembly's templates, in the order of their dependencies, and says
what every function would be told: its settings with the names that were given.

moto claims to create whatever it does not know, so only the types of CREATED are left in; what refers to the others gets a
name that says so. Secrets are made by their own API, and an alias stands for its function. Tags go, because moto reads those
of keys in another form.
"""
import collections
import io
import json
import os
import re
import sys
import uuid
import zipfile

import boto3

CREATED = {
    "AWS::DynamoDB::Table", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function",
    "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue",
}
BOOTSTRAP = "hnb659fds"
endpoint, folder, region = sys.argv[1:4]


def client(name):
    return boto3.client(name, endpoint_url=endpoint, region_name=region, aws_access_key_id="tarn", aws_secret_access_key="tarn-secret-key")


cloudformation = client("cloudformation")
account = client("sts").get_caller_identity()["Account"]
manifest = json.load(open(os.path.join(folder, "manifest.json")))
artifacts = {name: a for name, a in manifest["artifacts"].items() if a["type"] == "aws:cloudformation:stack" and a["environment"].endswith("/" + region)}
exports, instead = {}, {}


def in_order():
    done = []

    def visit(name):
        for other in artifacts[name].get("dependencies", []):
            if other in artifacts and other not in done:
                visit(other)
        if name not in done:
            done.append(name)

    for name in artifacts:
        visit(name)
    return done


def bootstrap(texts):
    """What the CDK's bootstrap has made: a version, and a bucket with the packages."""
    client("ssm").put_parameter(Name=f"/cdk-bootstrap/{BOOTSTRAP}/version", Value="30", Type="String")
    bucket = f"cdk-{BOOTSTRAP}-assets-{account}-{region}"
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as z:
        z.writestr("bootstrap", "a stub")
    for key in {k for t in texts for k in re.findall(r'"S3Key": "([^"]+)"', t)}:
        client("s3").put_object(Bucket=bucket, Key=key, Body=package.getvalue())


def known(value, there):
    """The value, with names in the place of what CloudFormation does not create here."""
    if isinstance(value, list):
        return [known(v, there) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in instead:
        return instead[value["Ref"]]
    if "Ref" in value and not value["Ref"].startswith("AWS::") and value["Ref"] not in there:
        return "absent-" + value["Ref"].lower()
    if "Fn::GetAtt" in value and value["Fn::GetAtt"][0] not in there:
        return "arn:aws:absent:::" + str(value["Fn::GetAtt"][0]).lower()
    if "Fn::ImportValue" in value:
        name = value["Fn::ImportValue"]
        return value if name in exports else "arn:aws:absent:::" + re.sub(r"[^a-z0-9]+", "-", name.lower())[-40:]
    return {k: known(v, there) for k, v in value.items() if k != "Tags"}


def create(name, template):
    theirs = {k for k, r in template["Resources"].items() if r["Type"] == "AWS::Lambda::Function" and r["Properties"]["Handler"] != "bootstrap"}
    there = {k for k, r in template["Resources"].items() if r["Type"] in CREATED} - theirs
    parameters = set(template.get("Parameters", {}))
    for k, r in template["Resources"].items():
        if r["Type"] == "AWS::SecretsManager::Secret": # which this CloudFormation does not know
            made = client("secretsmanager").create_secret(Name=f"{name}-{k}", SecretString=uuid.uuid4().hex)
            instead[k] = made["ARN"]
        if r["Type"] == "AWS::Lambda::Alias":
            instead[k] = {"Fn::GetAtt": [r["Properties"]["FunctionName"]["Ref"], "Arn"]}
    resources = {k: known(r, there | parameters) for k, r in template["Resources"].items() if k in there}
    for r in resources.values():
        needs = r.get("DependsOn", [])
        r["DependsOn"] = [d for d in ([needs] if isinstance(needs, str) else needs) if d in there]
    outputs = {k: {**o, "Value": known(o["Value"], there | parameters)} for k, o in template.get("Outputs", {}).items()}
    if not resources:
        return []
    body = {"Parameters": template.get("Parameters", {}), "Resources": resources, "Outputs": outputs}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_NAMED_IAM"])
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        sys.exit(f"{name}: {stack['StackStatus']}")
    for export in cloudformation.list_exports()["Exports"]:
        exports[export["Name"]] = export["Value"]
    return cloudformation.describe_stack_resources(StackName=name)["StackResources"]


texts = {name: open(os.path.join(folder, a["properties"]["templateFile"])).read() for name, a in artifacts.items()}
bootstrap(texts.values())
counts, functions = collections.Counter(), {}
for name in in_order():
    for r in create(name, json.loads(texts[name])):
        counts[r["ResourceType"]] += 1
        if r["ResourceType"] == "AWS::Lambda::Function":
            settings = client("lambda").get_function_configuration(FunctionName=r["PhysicalResourceId"])
            functions[r["LogicalResourceId"]] = settings.get("Environment", {}).get("Variables", {})
mappings = client("lambda").list_event_source_mappings()["EventSourceMappings"]
tables = {}
for table in client("dynamodb").list_tables()["TableNames"]:
    t = client("dynamodb").describe_table(TableName=table)["Table"]
    tables[table] = {"Stream": t.get("LatestStreamArn", ""), "Indexes": [i["IndexName"] for i in t.get("GlobalSecondaryIndexes", [])], "Key": [k["AttributeName"] for k in t["KeySchema"]]}
json.dump({"Created": counts, "Functions": functions, "Tables": tables,
           "Mappings": [{k: m.get(k) for k in ("EventSourceArn", "FunctionArn", "BatchSize", "State")} for m in mappings]}, sys.stdout, default=str)
