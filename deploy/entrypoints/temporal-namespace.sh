#!/bin/sh
# Makes the namespace with its retention and the search attributes, or leaves them as they are. The CLI reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

attempt=1
until temporal operator cluster health; do
  [ "$attempt" -lt 30 ] || exit 1
  attempt=$((attempt + 1))
  sleep 2
done

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
  # A new namespace is known to every part of the server after a moment.
  sleep 10
fi

# The product registers what is missing as well; made here, they are known by the time it takes its first event.
known=$(temporal operator search-attribute list --output json)
for attribute in OrgId=Keyword AgentId=Keyword Decision=Keyword ReviewState=Keyword MastCategory=KeywordList RiskScore=Int ReviewDueAt=Datetime; do
  name=${attribute%%=*}
  case $known in
    *"\"$name\""*) ;;
    *) temporal operator search-attribute create --name "$name" --type "${attribute#*=}" ;;
  esac
done
