# One image for web, worker and scheduler: the command decides.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends make curl unzip && rm -rf /var/lib/apt/lists/*
COPY requirements.txt constraints.txt ./
RUN pip install -r requirements.txt
COPY . .
RUN useradd --create-home --uid 10001 creator && mkdir -p /data && chown -R creator:creator /app /data
USER creator
ENV CREATOR_HOME=/data ENVIRONMENT=production
RUN CREATOR_HOME=/app/.build python -m creator_app build
EXPOSE 3000
STOPSIGNAL SIGTERM
CMD ["python", "-m", "creator_app", "up"]
