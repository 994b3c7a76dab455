# Tandem on the CPU. docker build -t tandem . && docker run -p 127.0.0.1:8501:8501 -v tandem:/data tandem
# Inside the container it listens on every interface; `-p` decides who can reach it. See docs/serving.md.
FROM python:3.11-slim

RUN useradd --create-home tandem && mkdir /data && chown tandem /data
WORKDIR /app

COPY requirements.txt ./
COPY scripts/install.py scripts/install.py
RUN python scripts/install.py --venv .venv requirements.txt

COPY . .
USER tandem
ENV TANDEM_HOME=/data
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=2)"

CMD [".venv/bin/python", "-m", "streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501"]
