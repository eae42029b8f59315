#!/bin/sh
# Tells how a night ended: to a webhook, as {"text": "…"}, and by mail. Started by systemd, which
# says in MONITOR_… what ended and how (since version 251). Needs a shell, curl and sendmail, and
# no drkit: one that is gone, or hangs, is what has to be told, too.
set -u

# The line is that of tonight's run alone: one that began before the unit did says nothing of it.
shown=$(timeout --kill-after=10 120 "$DRKIT_PYTHON" -P -m drkit history --kind validate --region "$DRKIT_REGION" \
    --last 1 --plan "$DRKIT_PLAN" 2>/dev/null)
newest=$(printf '%s\n' "$shown" | sed -n '2s/ .*//p')
start=$($DRKIT_SYSTEMCTL show --property=ExecMainStartTimestamp --timestamp=unix --value \
    "${MONITOR_UNIT:-}" 2>/dev/null)
began=$(date -u --date "${start:-@0}" +%Y%m%d-%H%M%S)
line=""
if [ -z "$newest" ]; then
    told="no run can be read here"
elif [ "$(printf '%s\n%s\n' "$began" "$newest" | LC_ALL=C sort | head -n 1)" = "$newest" ]; then
    told="no run was begun; the newest is $newest"
else
    line=$(printf '%s\n' "$shown" | tail -n 1)
    told="$line"
    report="${DRKIT_PLAN%/*}/.drkit/runs/$newest/report.html"
    [ ! -e "$report" ] || told="$told; report: $(uname -n):$report"
fi

ended="failed (${MONITOR_SERVICE_RESULT:-how, is not known} ${MONITOR_EXIT_STATUS:-})"
[ "${MONITOR_SERVICE_RESULT:-}" != success ] || ended="went well (exit 0)"
text="drkit: the nightly validation of $DRKIT_REGION ($DRKIT_SHOP) $ended: $told"
failed=0

if [ -n "$DRKIT_WEBHOOK_FILE" ]; then
    body=$(printf '%s' "$text" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')
    printf '{"text": "%s"}' "$body" |
        curl --config "$DRKIT_WEBHOOK_FILE" --silent --show-error --fail --output /dev/null \
            --max-time 30 --retry 5 --header 'Content-Type: application/json' --data-binary @- ||
        failed=1
fi

if [ -n "$DRKIT_MAIL" ]; then
    # what is no ASCII is not for the head of a mail, nor more than a line of it holds
    subject=$(printf '%s' "${line:-$text}" | LC_ALL=C tr -c '\040-\176' '?' | cut -c 1-900)
    printf 'To: %s\nSubject: %s\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n%s\n' \
        "$DRKIT_MAIL" "$subject" "$text" | sendmail -t || failed=1
fi

exit "$failed"
