"""Asterisk's configuration for operators who telephone with the page itself (WebRTC).

The SIP of a page goes through acd's own web server, which knows who has signed in, and from there to Asterisk's HTTP
server: that one listens on the loopback alone, and serves nothing else. Sound goes straight between the browser and
Asterisk: SRTP over UDP, on the ports of ``rtp.conf``.
"""

from typing import Final

PATH: Final = "/ws"
"""Where Asterisk's HTTP server takes WebSockets."""

TEMPLATE: Final = """
[acd-ws]
type=transport
protocol=ws
bind=127.0.0.1

[acd-browser](!)
type=endpoint
context=acd-phones
disallow=all
allow=alaw,ulaw
dtmf_mode=auto_info
direct_media=no
; SRTP with a certificate made for each call, ICE, and one port for it all.
webrtc=yes
dtls_auto_generate_cert=yes
max_video_streams=0
; After a new connection the page's next word says where it is from now on.
rewrite_contact=yes
trust_id_inbound=no
; The page shows with whom it speaks, also when a colleague has put his caller through to it.
send_pai=yes
trust_id_outbound=yes
allow_transfer=yes
allow_subscribe=no
moh_suggest=acd
; A page always sends sound, also muted. One that sends none was closed: without this its call would stay for ever.
rtp_timeout=10
rtp_timeout_hold=3600
"""


def http_config(port: int, *, enabled: bool) -> str:
    """``http.conf``: on only where somebody telephones with his browser."""
    settings = {
        "enabled": "yes" if enabled else "no",
        "bindaddr": "127.0.0.1",
        "bindport": port,
        "enablestatic": "no",
        "enable_status": "no",
    }
    return "\n".join(["[general]", *(f"{name}={value}" for name, value in settings.items())]) + "\n"
