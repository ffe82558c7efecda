# A relay in a container that holds the program and nothing else (docs/relay.md, "In a container"):
#
#   docker build -t adit .
#   docker run -d -v adit:/state -v ./relay.yml:/etc/adit/relay.yml:ro -p 80:8080 -p 4443:4443 adit
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0-dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/adit-tunnel/adit/cli.Version=$VERSION" -o /adit . && mkdir -p /empty/state /empty/tmp

FROM scratch
COPY --from=build /adit /adit
# Roots, for an ACME server's certificate.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /empty/ /
USER 65532:65532
ENV XDG_STATE_HOME=/state
VOLUME /state
EXPOSE 8080 4443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/adit", "relay", "health"]
ENTRYPOINT ["/adit"]
CMD ["relay"]
