#!/usr/bin/env bash
# DynamoDB Local with Streams: its jars. Prints their folder. Amazon's licence forbids passing it on, so whoever runs the
# integration tests downloads it; it is for use inside one's own organisation with an AWS account. Needs Java 17.
. "$(dirname "$0")/cache.sh"

install() {
  command -v java >/dev/null || packages default-jre-headless
  cat >pom.xml <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tarn</groupId><artifactId>dynamodb-local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>$DYNAMODB_LOCAL</version></dependency>
  </dependencies>
</project>
POM
  maven copy-dependencies -DoutputDirectory=lib -DincludeScope=runtime
}

whole "dynamodb-local-$DYNAMODB_LOCAL" install
