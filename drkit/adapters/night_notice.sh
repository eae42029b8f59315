#!/bin/sh
# Tells that a night failed: to a webhook, as {"text": "…"}, and by mail. Started by systemd, which
# says in MONITOR_… what failed and how (since version 251). Needs a shell, curl and sendmail, and
# no drkit: one that is gone is what has to be told, too.
set -u

what="drkit: the nightly validation of $DRKIT_REGION ($DRKIT_SHOP) failed"
how="${MONITOR_SERVICE_RESULT:-how, is not known} ${MONITOR_EXIT_STATUS:-}"
last=$("$DRKIT_PYTHON" -P -m drkit history --kind validate --region "$DRKIT_REGION" --last 1 \
    --plan "$DRKIT_PLAN" 2>/dev/null | tail -n 1)
line="$what: $how. Newest run: ${last:-none can be read here}"
failed=0

if [ -n "$DRKIT_WEBHOOK_FILE" ]; then
    text=$(printf '%s' "$line" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')
    printf '{"text": "%s"}' "$text" |
        curl --config "$DRKIT_WEBHOOK_FILE" --silent --show-error --fail --output /dev/null \
            --max-time 30 --retry 5 --header 'Content-Type: application/json' --data-binary @- ||
        failed=1
fi

if [ -n "$DRKIT_MAIL" ]; then
    printf 'To: %s\nSubject: %s\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n%s\n' \
        "$DRKIT_MAIL" "$what" "$line" | sendmail -t || failed=1
fi

exit "$failed"
