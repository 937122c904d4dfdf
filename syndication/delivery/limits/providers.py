"""Knows which provider takes the mail of a domain, so that all domains of one provider share one pace."""

from collections.abc import Mapping

_DOMAINS = {
    "gmail": "gmail.com googlemail.com",
    "microsoft": """outlook.com hotmail.com live.com msn.com windowslive.com passport.com
        outlook.at outlook.be outlook.cl outlook.cz outlook.de outlook.dk outlook.es outlook.fr outlook.ie outlook.in outlook.it outlook.jp
        outlook.kr outlook.pt outlook.sa outlook.com.ar outlook.com.au outlook.com.br outlook.com.gr outlook.com.tr outlook.co.id outlook.co.il
        hotmail.at hotmail.be hotmail.ca hotmail.ch hotmail.cl hotmail.cz hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr hotmail.gr
        hotmail.it hotmail.nl hotmail.no hotmail.se hotmail.sg hotmail.co.id hotmail.co.il hotmail.co.jp hotmail.co.kr hotmail.co.nz
        hotmail.co.th hotmail.co.uk hotmail.co.za hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.com.hk hotmail.com.tr hotmail.com.tw
        live.at live.be live.ca live.cl live.cn live.de live.dk live.fi live.fr live.ie live.in live.it live.jp live.nl live.no live.ru live.se
        live.co.kr live.co.uk live.co.za live.com.ar live.com.au live.com.mx live.com.pt live.com.sg""",
    "yahoo": """yahoo.com ymail.com rocketmail.com myyahoo.com aol.com aim.com netscape.net verizon.net
        att.net ameritech.net bellsouth.net flash.net nvbell.net pacbell.net prodigy.net sbcglobal.net snet.net swbell.net wans.net
        frontier.com frontiernet.net cox.net rogers.com sky.com
        yahoo.at yahoo.be yahoo.ca yahoo.cl yahoo.cz yahoo.de yahoo.dk yahoo.ee yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.hu yahoo.ie yahoo.in
        yahoo.it yahoo.lt yahoo.lv yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se yahoo.co.id yahoo.co.il yahoo.co.in yahoo.co.kr
        yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn yahoo.com.co yahoo.com.hk
        yahoo.com.mx yahoo.com.my yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.ve yahoo.com.vn
        aol.at aol.be aol.ch aol.cl aol.de aol.dk aol.es aol.fi aol.fr aol.in aol.it aol.jp aol.kr aol.nl aol.pl aol.se aol.tw aol.co.uk
        aol.com.ar aol.com.au aol.com.br aol.com.mx""",
    "yahoo-japan": "yahoo.co.jp ybb.ne.jp",
    "apple": "icloud.com me.com mac.com",
    "gmx": "gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.eu gmx.fr gmx.es gmx.co.uk gmx.us gmx.info gmx.biz gmx.org gmx.li gmx.tm web.de email.de mail.com",
    "ionos": "online.de onlinehome.de 1und1.de",
    "mailru": "mail.ru inbox.ru list.ru bk.ru internet.ru mail.ua",
    "yandex": """yandex.ru yandex.com yandex.by yandex.kz yandex.ua yandex.uz yandex.az yandex.com.am yandex.com.ge yandex.com.tr
        yandex.co.il yandex.ee yandex.fr yandex.lt yandex.lv yandex.md yandex.tj yandex.tm ya.ru narod.ru""",
    "rambler": "rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "orange": "orange.fr wanadoo.fr voila.fr",
    "free": "free.fr libertysurf.fr aliceadsl.fr online.fr worldonline.fr freesbee.fr",
    "sfr": "sfr.fr neuf.fr cegetel.net club-internet.fr numericable.fr 9online.fr",
    "laposte": "laposte.net",
    "bouygues": "bbox.fr",
    "telekom": "t-online.de magenta.de",
    "vodafone-de": "arcor.de vodafone.de vodafonemail.de",
    "freenet": "freenet.de",
    "posteo": "posteo.de posteo.net posteo.at posteo.ch posteo.eu posteo.org",
    "mailbox-org": "mailbox.org",
    "libero": "libero.it iol.it inwind.it blu.it giallo.it virgilio.it",
    "tiscali": "tiscali.it",
    "tim": "tim.it alice.it tin.it",
    "aruba": "aruba.it pec.it",
    "bt": "btinternet.com btopenworld.com btconnect.com talk21.com",
    "virgin-media": "virginmedia.com virgin.net ntlworld.com blueyonder.co.uk",
    "talktalk": "talktalk.net tiscali.co.uk lineone.net",
    "comcast": "comcast.net xfinity.com",
    "charter": "charter.net spectrum.net twc.com roadrunner.com rr.com",
    "earthlink": "earthlink.net mindspring.com",
    "bell": "bell.net sympatico.ca",
    "shaw": "shaw.ca",
    "telus": "telus.net",
    "telenet": "telenet.be",
    "proximus": "skynet.be proximus.be",
    "ziggo": "ziggo.nl home.nl chello.nl upcmail.nl casema.nl quicknet.nl",
    "kpn": "kpnmail.nl planet.nl hetnet.nl xs4all.nl",
    "swisscom": "bluewin.ch",
    "seznam": "seznam.cz email.cz post.cz spoluzaci.cz",
    "centrum": "centrum.cz centrum.sk atlas.cz volny.cz",
    "onet": "onet.pl onet.eu op.pl vp.pl poczta.onet.pl autograf.pl buziaczek.pl",
    "wp": "wp.pl o2.pl tlen.pl",
    "interia": "interia.pl interia.eu poczta.fm",
    "telia": "telia.com",
    "uol": "uol.com.br bol.com.br",
    "terra": "terra.com.br",
    "globo": "globo.com globomail.com",
    "tencent": "qq.com foxmail.com vip.qq.com",
    "netease": "163.com 126.com yeah.net vip.163.com vip.126.com 188.com",
    "sina": "sina.com sina.cn vip.sina.com",
    "sohu": "sohu.com",
    "naver": "naver.com",
    "daum": "daum.net hanmail.net kakao.com",
    "docomo": "docomo.ne.jp",
    "au": "ezweb.ne.jp au.com",
    "softbank": "softbank.ne.jp i.softbank.jp vodafone.ne.jp",
    "rediff": "rediffmail.com",
    "telstra": "bigpond.com bigpond.net.au telstra.com",
    "optus": "optusnet.com.au",
    "fastmail": "fastmail.com fastmail.fm fastmail.co.uk fastmail.net fastmail.org sent.com",
    "zoho": "zoho.com zohomail.com zoho.eu zohomail.eu zoho.in zohomail.in",
    "tuta": "tuta.com tuta.io tutanota.com tutanota.de tutamail.com keemail.me",
    "hey": "hey.com",
}
"""Provider -> its public domains. What companies host at a provider under their own name is said by ProviderDomain rows."""

PROVIDERS = frozenset(_DOMAINS)
_OF_DOMAIN = {domain: name for name, domains in _DOMAINS.items() for domain in domains.split()}


def provider_of(domain: str, additions: Mapping[str, str]) -> str:
    """The provider's name, or the domain itself when nobody is known to serve it.

    domain     lower case, as addresses are kept
    additions  domain -> provider of this installation; they win
    """
    return additions.get(domain) or _OF_DOMAIN.get(domain, domain)
