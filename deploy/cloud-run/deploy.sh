#!/bin/sh
# MovR on Cloud Run: one service per region behind one global load balancer. Reviewed, not run: we had no project.
# Read docs/deploy/cloud-run.md first. Each step can be repeated; creating what exists fails, which is reported.
#
#   PROJECT=… DOMAIN=movr.example VERSION=v1 deploy/cloud-run/deploy.sh
set -eu
: "${PROJECT:?}" "${DOMAIN:?}" "${VERSION:?}"
regions="us-east1 us-west1 europe-west1"
image=us-docker.pkg.dev/$PROJECT/movr/movr:$VERSION
cd "$(dirname "$0")/../.."

gcloud() { command gcloud --project "$PROJECT" --quiet "$@"; }
once() { "$@" || echo "It may exist already: $*" >&2; }

city_of() {
    case $1 in
        us-east1) echo "new york" ;;
        us-west1) echo seattle ;;
        europe-west1) echo paris ;;
    esac
}

once gcloud artifacts repositories create movr --repository-format docker --location us
docker build --file deploy/docker/Dockerfile --tag "$image" .
docker push "$image"

# Secrets are read at the start; each region has its own database gateway.
# printf %s "$SECRET_KEY" | gcloud secrets create movr-secret-key --data-file -
# printf %s "cockroachdb://…" | gcloud secrets create movr-database-us-east1 --data-file -

settings="SITE_URL=https://$DOMAIN,TRUSTED_PROXY_COUNT=2,WEB_CONCURRENCY=1,WEB_THREADS=8"
secrets="SECRET_KEY=movr-secret-key:latest,EMAIL_URL=movr-email:latest"

# The database is migrated once, from the primary region, before any new revision serves.
gcloud run jobs deploy movr-migrate --region us-east1 --image "$image" --args python,manage.py,migrate,--noinput \
    --set-env-vars "$settings" --set-secrets "$secrets,DATABASE_URL=movr-database-us-east1:latest" \
    --max-retries 1 --task-timeout 30m --execute-now --wait

for region in $regions; do
    own="^;^$(echo "$settings" | tr , ';');DEFAULT_CITY=$(city_of "$region")"
    gcloud run deploy movr --region "$region" --image "$image" --port 8000 --allow-unauthenticated \
        --ingress internal-and-cloud-load-balancing --concurrency 8 --cpu 1 --memory 512Mi \
        --min-instances 1 --max-instances 20 --cpu-boost \
        --startup-probe httpGet.path=/readyz,periodSeconds=2,failureThreshold=60,timeoutSeconds=2 \
        --liveness-probe httpGet.path=/livez \
        --set-env-vars "$own" --set-secrets "$secrets,DATABASE_URL=movr-database-$region:latest"
    once gcloud compute network-endpoint-groups create "movr-$region" --region "$region" \
        --network-endpoint-type serverless --cloud-run-service movr
done

# Workers: one pool in the primary region, for the jobs of all cities.
gcloud run worker-pools deploy movr-worker --region us-east1 --image "$image" --args python,manage.py,work \
    --set-env-vars "$settings" --set-secrets "$secrets,DATABASE_URL=movr-database-us-east1:latest"

once gcloud compute addresses create movr-ip --global
once gcloud compute ssl-certificates create movr-certificate --domains "$DOMAIN" --global
once gcloud compute backend-services create movr --global --load-balancing-scheme EXTERNAL_MANAGED \
    --custom-request-header 'X-City:' --custom-request-header 'X-PLACE:'
for region in $regions; do
    once gcloud compute backend-services add-backend movr --global \
        --network-endpoint-group "movr-$region" --network-endpoint-group-region "$region"
done
once gcloud compute url-maps create movr --default-service movr
once gcloud compute target-https-proxies create movr --url-map movr --ssl-certificates movr-certificate
once gcloud compute forwarding-rules create movr --global --load-balancing-scheme EXTERNAL_MANAGED \
    --address movr-ip --target-https-proxy movr --ports 443
gcloud compute addresses describe movr-ip --global --format 'value(address)'
echo "Point $DOMAIN to this address; the certificate is issued once it does." >&2
