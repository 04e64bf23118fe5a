FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md ./
COPY ingest ingest
COPY mappings mappings
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.13-slim
WORKDIR /app
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels ingest \
    && useradd --system --uid 10001 --no-create-home --home-dir /app ingest \
    && install --directory --owner ingest --group ingest /app/data
COPY mappings mappings
ENV INGEST_HOST=0.0.0.0 PYTHONUNBUFFERED=1
USER ingest
VOLUME /app/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ.get('INGEST_PORT') or 8000}/healthz\", timeout=3)"]
CMD ["ingest", "run"]
