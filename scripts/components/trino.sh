#!/usr/bin/env bash
# Trino with its Iceberg connector only. Prints its folder, in which "java" leads to a Java that is new enough.
. "$(dirname "$0")/cache.sh"
oldest=22 # what this Trino asks for

# java_home prints the newest Java that is new enough.
java_home() {
  local home version
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*/; do
    [ -x "$home/bin/java" ] || continue
    version=$("$home/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p')
    [ "${version%%.*}" -ge "$oldest" ] 2>/dev/null && echo "$version ${home%/}"
  done | sort -rn | head -1 | cut -d' ' -f2-
}

# new_java installs the newest Java that Debian has; an old Debian has none that is new enough.
new_java() {
  local name
  packages ca-certificates
  name=$(apt-cache search --names-only '^(openjdk-[0-9]+-jre-headless|temurin-[0-9]+-jre)$' | sed 's/ .*//' |
    awk -F- -v oldest="$oldest" '$2 >= oldest { print $2, $0 }' | sort -n | head -1 | cut -d' ' -f2-)
  if [ -z "$name" ]; then
    echo "integration: Trino needs Java $oldest or newer below /usr/lib/jvm or in JAVA_HOME; please install one" >&2
    return 1
  fi
  packages "$name"
}

install() {
  [ -n "$(java_home)" ] || new_java
  ln -s "$(java_home)" java
  maven copy -Dartifact="io.trino:trino-server-core:$TRINO:tar.gz" -DoutputDirectory=.
  tar -xzf "trino-server-core-$TRINO.tar.gz" --strip-components=1
  rm "trino-server-core-$TRINO.tar.gz"
  maven copy -Dartifact="io.trino:trino-iceberg:$TRINO:zip" -DoutputDirectory=.
  python3 -m zipfile -e "trino-iceberg-$TRINO.zip" plugin
  rm "trino-iceberg-$TRINO.zip"
  mv "plugin/trino-iceberg-$TRINO" plugin/iceberg
  # Maven keeps a copy of what it fetched, half a gigabyte that nobody asks for again.
  rm -rf "$HOME/.m2/repository/io/trino/trino-server-core/$TRINO" "$HOME/.m2/repository/io/trino/trino-iceberg/$TRINO"
}

whole "trino-$TRINO" install
