"""Knows the lines that a web page leaves around a copied article: comment prompts, baskets, chat, cookies, share buttons, and the like.

Debris is only dropped at the end of a text, or where a line can be nothing else. A pattern always has to match a line as a whole,
so a sentence that merely mentions a basket survives.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

LONGEST_DEBRIS = 400  # characters; a longer line is a paragraph
LONGEST_LINK = 120  # characters of a link in a list of related posts
LONGEST_NAME = 40  # characters of who wrote a comment
MOST_LINKS = 12  # short lines in a row that may belong to a list of related posts

_MONTH = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|février|mar(?:ch|s)?|märz|mrz|apr(?:il)?|avril|may|mai|jun[ei]?|juin|jul[iy]?|juillet|aug(?:ust)?|août"
    r"|sep(?:t|tember|tembre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember)?|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto"
    r"|septiembre|octubre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|novembre|dicembre"
    r"|januari|februari|maart|mei|augustus|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro)\.?"
)
DATE = (
    r"(?:(?:\w{2,10},? )?(?:"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?(?: de)? {_MONTH}(?: de)?,? (?:19|20)\d\d"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d"
    r"|(?:19|20)\d\d-\d\d-\d\d|\d{1,2}[./]\s?\d{1,2}[./]\s?(?:19|20)\d\d))"
)
"""A pattern of a date in full, in the languages that are read here; the weekday may stand before it."""
TIME = r"(?:,| at| um| à| a las| alle| om| às| @| ·| -| –)* \d{1,2}(?:[:.h]| h )\d{2}(?: ?[ap]\.?m\.?| uhr)?"
_NETWORK = (
    r"(?:facebook|twitter|x|linked ?in|pinterest|whatsapp|reddit|tumblr|telegram|instagram|youtube|tiktok|mastodon|bluesky|threads|xing"
    r"|e-?mail|print|copy link|pocket|drucken|imprimer)"
)
_COOKIE_SIGNAL = (
    r"(?=.*(?:experience|consent|accept|agree|preference|setting|polic|by continuing|by using|traffic|zustimm|akzept|einverstanden|erlebnis"
    r"|datenschutz|einstellung|improve|verbesser|am[ée]lior|mejorar|miglior|verbeter|votre visite|navigation|navegación|navigazione|accept|exp[ée]rience|consent|experiencia|esperienza|acconsent|ervaring|akkoord))"
)

_FOOTER_LINK = (
    r"(?:(?:privacy|cookie|datenschutz)(?: policy| notice| settings|erklärung)?|cookies|terms(?: (?:of (?:use|service)|and conditions|& conditions))?"
    r"|(?:legal|imprint|impressum|agb|nutzungsbedingungen|sitemap|accessibility|kontakt|contact|about|home)(?: us| notice)?"
    r"|mentions légales|politique de confidentialité|conditions (?:générales|d['’]utilisation)(?: de vente)?|plan du site"
    r"|aviso legal|política de (?:privacidad|privacidade|cookies)|términos(?: y condiciones)?|note legali|informativa sulla privacy|privacybeleid)"
)
_REMARKS = (
    r"(?:thoughts?|comments?|replies|reply|responses?|gedanken?|kommentare?|antwort(?:en)?|réflexions?|commentaires?|réponses?"
    r"|comentarios?|respuestas?|commenti|commento|pensieri|pensiero|reacties?|gedachten?)"
)
_THREAD = (
    rf"(?:(?:\d+|one|two|three|four|five|zwei|drei|deux|trois|dos|tres|due|twee) {_REMARKS}(?: (?:on|to|zu|auf|sur|en|su|op) .{{1,160}})?"
    rf"|(?:a|an|eine?|une?|un[ao]?|een) {_REMARKS} (?:on|to|zu|auf|sur|en|su|op) [“„«\"].{{1,160}})"
)
_SPEAKER = (
    r".{1,60} (?:says|said|wrote|sagt|sagte|meint|schreibt|schrieb|dit|a dit|a écrit|dice|dijo|ha detto|scrive|ha scritto|zegt|schreef|schrijft|disse|diz)"
    r"\s?:?"
)
_REPLY = r"(?:reply|antworten|répondre|responder|rispondi|beantwoorden|reageer|svara|odpowiedz)(?: ↓)?"
_UNMISTAKABLE = {
    "comment form": [
        r"your e-?mail address will not be published\.?.*",
        r"save my name,? e-?mail,?.*",
        r"(?:deine|ihre) e-?mail-adresse wird nicht veröffentlicht\.?.*",
        r"(?:meinen )?namen?, (?:meine )?e-?mail.{0,40}speichern.*",
        r"votre adresse (?:e-?mail|de messagerie|courriel|électronique) ne sera pas publiée\.?.*",
        r"enregistrer mon nom, mon e-?mail.*",
        r"tu dirección de correo electrónico no será publicada\.?.*",
        r"il tuo indirizzo e-?mail non sarà pubblicato\.?.*",
        r"(?:je|het) e-?mailadres (?:wordt|zal) niet .{0,20}gepubliceerd.*",
        r"o seu endereço de e-?mail não será publicado\.?.*",
        r"tw[oó]j adres e-?mail nie zostanie opublikowany\.?.*",
        r"din e-?postadress kommer inte publiceras\.?.*",
        r"required fields are marked\b.*",
        r"(?:erforderliche|benötigte) felder sind .{0,20}markiert.?",
        r"les champs obligatoires sont indiqués.*",
    ],
    "page navigation": [r"skip to (?:main )?content", r"zum inhalt springen", r"aller au contenu(?: principal)?"],
    "share buttons": [rf"(?:click to )?share on {_NETWORK}(?: \(opens in new window\))?", rf"auf {_NETWORK} teilen"],
}
_AT_THE_END = {
    "comment form": [
        _THREAD,
        r"(?:leave|post|add|write|submit) (?:a|your) (?:comment|reply)(?: .{1,60})?[!:]?",
        r"post comment",
        r"cancel reply",
        r"be the first to (?:comment|reply).{0,40}",
        r"comments?(?: are)? (?:closed|off|disabled).{0,40}",
        r"no comments(?: yet)?\.?",
        r"(?:\d+|one|two|three|no) (?:comments?|responses?|replies|thoughts?)(?: (?:on|to) .{1,120})?",
        r"(?:you must be |please )?log(?:ged)? in to (?:leave|post) a comment\.?",
        r"los campos obligatorios.{0,80}",
        r"i campi obbligatori.{0,80}",
        r"verplichte velden.{0,80}",
        r"(?:schreiben? sie |schreibe? |hinterlasse? |hinterlassen sie |verfasse )?(?:einen|eine|ein) (?:kommentar|antwort)(?: .{1,40})?",
        r"kommentare? (?:schreiben|hinterlassen|verfassen|abschicken|absenden|hinzufügen)",
        r"(?:keine|\d+) kommentare?.{0,20}",
        r"antwort abbrechen",
        r"laisse[rz] (?:un commentaire|une réponse)(?: .{1,40})?",
        r"(?:ajouter|publier|poster|écrire|envoyer) (?:un|le|votre) commentaire",
        r"(?:aucun|\d+) commentaires?.{0,20}",
        r"annuler la réponse",
        r"dej(?:a|ar) (?:un comentario|una respuesta)(?: .{1,40})?",
        r"publicar (?:el |un )?comentario",
        r"lascia un (?:commento|risposta)(?: .{1,40})?",
        r"(?:laat een (?:reactie|antwoord) achter|geef een reactie|plaats (?:een )?reactie)(?: .{1,40})?",
        r"deixe (?:um comentário|uma resposta)(?: .{1,40})?",
        r"dodaj komentarz.{0,30}",
        r"lämna (?:en kommentar|ett svar).{0,30}",
    ],
    "shopping basket": [
        r"(?:your |my )?shopping (?:basket|cart|bag)(?: ?\(?\d+\)?)?",
        r"(?:your|my|view|open|show) (?:basket|cart|bag)",
        r"(?:add to|continue to|proceed to)? ?(?:basket|cart|checkout)",
        r"(?:your )?(?:shopping )?(?:basket|cart) is (?:currently )?empty\.?",
        r"no products in the (?:basket|cart)\.?",
        r"(?:zum |in den |ihr |dein )?warenkorb(?: ansehen| anzeigen| ?\(?\d+\)?)?",
        r"(?:ihr |dein |der )?warenkorb ist (?:derzeit |noch |zurzeit )?leer\.?",
        r"(?:zur )?kasse",
        r"(?:votre |mon |voir le |ajouter au )?panier(?: d['’]achats?)?(?: ?\(?\d+\)?)?",
        r"(?:votre )?panier est (?:actuellement )?vide\.?",
        r"(?:ver )?carrito(?: de (?:la )?compras?)?",
        r"carrello",
        r"winkelwagen",
        r"koszyk",
        r"varukorg",
    ],
    "chat window": [
        r"(?:open|start|close) (?:a |the )?(?:live )?chat",
        r"live chat",
        r"(?:abrir|iniciar) (?:el )?chat|apri (?:la )?chat|chat openen|ouvrir la (?:fenêtre de )?discussion",
        r"chat with us(?: now)?[.!]?",
        r"(?:how )?(?:can|may) (?:we|i) help(?: you)?(?: today)?\s?\?",
        r"need help\?(?: chat with us.?)?",
        r"(?:wie )?können wir (?:ihnen|dir|euch) (?:weiter)?helfen\s?\?",
        r"chat (?:öffnen|starten)",
        r"(?:comment )?(?:pouvons-nous|peut-on|puis-je) vous aider\s?\?",
        r"(?:ouvrir le chat|discuter avec nous|chattez avec nous).?",
        r"¿?(?:en qué )?podemos ayudar(?:te|le)\s?\?",
    ],
    "cookie line": [
        r"(?:we(?: and our partners)? use|(?:this|our) (?:web)?site uses) cookies\b" + _COOKIE_SIGNAL + r".*",
        r"by (?:continuing|using)(?: to (?:browse|use))? (?:this|our) (?:web)?site.{0,120}(?:cookies?|terms|privacy).{0,100}",
        r"(?:wir (?:verwenden|nutzen|setzen)|diese (?:web)?(?:seite|site) (?:verwendet|nutzt)) cookies\b" + _COOKIE_SIGNAL + r".*",
        r"(?:nous utilisons|ce site utilise) des cookies\b" + _COOKIE_SIGNAL + r".*",
        r"(?:utilizamos|este sitio(?: web)? (?:utiliza|usa)) cookies\b" + _COOKIE_SIGNAL + r".*",
        r"questo sito (?:web )?utilizza (?:i )?cookie\b" + _COOKIE_SIGNAL + r".*",
        r"(?:wij gebruiken|deze (?:web)?site gebruikt) cookies\b" + _COOKIE_SIGNAL + r".*",
        r"(?:accept|reject|allow|manage|decline|deny)(?: all)?(?: cookies?)?",
        r"cookie[ -](?:settings|policy|preferences|notice|einstellungen|richtlinie)",
        r"(?:alle |nur notwendige )?(?:cookies )?(?:akzeptieren|ablehnen|zulassen)",
        r"(?:tout|tous) (?:accepter|refuser)",
        r"(?:accepter|refuser|gérer)(?: tous)?(?: les)? cookies",
        r"aceptar(?: todas)?(?: las)?(?: cookies)?",
        r"accetta(?: tutti)?(?: i)?(?: cookie)?",
    ],
    "share buttons": [
        r"share(?: (?:this|it)(?: (?:post|article|story|page|entry|recipe|with (?:your )?friends))?)?\s?[:!]?",
        rf"share (?:on|via) .{{0,20}}{_NETWORK}.{{0,60}}",
        r"(?:tweet|pin)(?: (?:this|it))?",
        rf"(?:share|teilen|partage[rz]|compartir|condividi|delen)(?: .{{0,20}})?\s?[:!]?\s{_NETWORK}(?:[\s,|/·•]+{_NETWORK})*",
        rf"{_NETWORK}(?:[\s,|/·•]+{_NETWORK})+",
        r"(?:diesen |den )?(?:beitrag |artikel )?teilen(?: mit)?\s?:?",
        r"partage[rz](?: (?:cet article|cette page|sur .{1,30}))?\s?:?",
        r"compartir(?: (?:este artículo|en .{1,30}))?\s?:?",
        r"condividi(?: (?:questo articolo|su .{1,30}))?\s?:?",
        r"(?:dit artikel )?delen(?: (?:op|via) .{1,30})?\s?:?",
        r"(?:print|email) this(?: (?:page|article|post))?",
        r"(?:follow|like) us(?: on .{1,40})?\s?[:!]?",
        r"folge(?:n sie)? uns(?: auf .{1,40})?\s?[:!]?",
        r"suivez-nous(?: sur .{1,40})?\s?[:!]?",
        r"like this\s?:?",
        r"like loading\s?(?:\.\.\.|…)",
    ],
    "related posts": [
        r"related\s?:?",
        r"(?:related|similar|popular|recent|latest|further|more) (?:posts?|articles?|stories|reading|comments|products)\s?:?",
        r"you (?:may|might) (?:also )?(?:like|enjoy|be interested in)(?: these)?.{0,5}",
        r"read (?:next|more|also)\s?[:…»>]*",
        r"[←«‹<]?\s?(?:previous|next|older|newer) (?:post|article|story|entries|posts|articles)s?(?:\s?[:»>].{1,120})?\s?[→»›>]?",
        r"(?:previous|next|prev|vorheriger|nächster|précédent|suivant|anterior|siguiente)\s?:\s.{1,120}",
        r"(?:entrada|artículo) (?:anterior|siguiente)(?:\s?[:»>].{1,120})?",
        r"(?:publication|billet) (?:précédente?|suivante?)(?:\s?[:»>].{1,120})?",
        r"(?:ähnliche|verwandte|weitere|neueste) (?:beiträge|artikel)\s?:?",
        r"das könnte (?:sie|dich|ihnen|dir|euch) auch (?:interessieren|gefallen).{0,3}",
        r"(?:vorheriger|nächster) (?:beitrag|artikel)(?:\s?[:»>].{1,120})?",
        r"weiterlesen\s?[:…»>]*",
        r"(?:articles|billets) (?:similaires|liés|connexes|récents)\s?:?",
        r"(?:à lire aussi|lire (?:aussi|la suite)|vous aimerez (?:peut-être )?aussi)\s?.{0,3}",
        r"article (?:précédent|suivant)(?:\s?[:»>].{1,120})?",
        r"(?:entradas|artículos) relacionad[ao]s\s?:?",
        r"articoli correlati\s?:?",
        r"gerelateerde (?:berichten|artikelen)\s?:?",
    ],
    "newsletter prompt": [
        r"(?:subscribe|sign up|register)(?: now| today)? (?:to|for) (?:our|the|my) .{0,30}(?:newsletter|mailing list|updates|blog).{0,80}",
        r"(?:sign up|register)(?: now| today| here)?\s?!?|jetzt (?:anmelden|abonnieren)\s?!?|(?:s['’]inscrire|je m['’]inscris|s['’]abonner)\s?!?",
        r"(?:suscribirse|suscríbete|registrarse|iscriviti|inschrijven|aanmelden)\s?!?",
        r"join (?:our|the) (?:newsletter|mailing list).{0,80}",
        r"subscribe(?: now)?\s?!?",
        r"get .{0,50}(?:straight |delivered )?(?:to|in) your inbox.{0,20}",
        r"enter your e-?mail(?: address)?.{0,40}",
        r"(?:jetzt )?(?:(?:zum|für den|für unseren|unseren) )?newsletter (?:anmelden|abonnieren|bestellen).{0,60}",
        r"(?:abonniere|abonnieren sie) (?:unseren|den) newsletter.{0,80}",
        r"melden sie sich .{0,30}newsletter.{0,40}",
        r"(?:abonnez-vous|inscrivez-vous) à (?:notre|la) .{0,20}(?:newsletter|lettre).{0,80}",
        r"suscríbete a nuestr.{0,60}",
        r"iscriviti alla .{0,20}newsletter.{0,60}",
        r"(?:schrijf je in|meld je aan) voor (?:de|onze) nieuwsbrief.{0,60}",
    ],
    "copyright footer": [
        r"(?:©|\(c\)|copyright)\s.{0,30}(?:19|20)\d\d.{0,160}",
        r".{0,120}(?:all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados)\.?.{0,40}",
        r"(?:proudly )?powered by .{1,40}",
    ],
    "post footer": [
        r"(?:filed under|posted in|tagged(?: (?:as|with))?|tags|categories|kategorien?|schlagw[oö]rte?r?|veröffentlicht in|verschlagwortet mit)\s?:?\s.{1,200}",
        r"(?:publié dans|étiquettes?|étiqueté|mots-clés|catégories?|publicado en|etiquetas?|categorías?)\s?:?\s.{1,200}",
        r"(?:view all posts by|published by|posted by|alle beiträge von|voir tous les articles (?:par|de)|ver todas las entradas de) .{1,80}",
        r"post navigation|beitragsnavigation|navigation (?:de l['’]article|des articles)|navegación de entradas",
    ],
    "footer links": [rf"{_FOOTER_LINK}(?:\s*[|·•/–-]\s*{_FOOTER_LINK})+"],
    "advertisement": [r"advertisements?|sponsored content|publicité|publicidad|pubblicità|advertentie"],
    "page navigation": [
        r"(?:back|scroll|go|return) to (?:the )?top",
        r"(?:zurück )?nach oben",
        r"(?:retour en )?haut(?: de (?:la )?page)?",
    ],
}
_ONLY_BESIDE_DEBRIS = [
    _NETWORK,
    r"(?:e-?mail|name|vorname|nom|nombre|nome|naam|website|webseite|site web|url|comment|kommentar|commentaire|message|nachricht)\s?\*?\s?:?",
    r"(?:submit|send|search|menu|home|close|reply|log in|login|register|ok|absenden|senden|suche|suchen|menü|schließen|envoyer|rechercher|fermer)",
    r"(?:contact|about)(?: us)?|sitemap|imprint|impressum|datenschutz(?:erklärung)?|kontakt|agb|mentions légales|contactez-nous",
    r"(?:privacy|cookie) policy|privacy|terms(?: (?:of (?:use|service)|and conditions|& conditions))?|politique de confidentialité",
    r"[\d\s*×✕xδ←→«»<>|·•…-]{1,8}",
]


def _one_pattern(alternatives: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in alternatives), re.IGNORECASE)


_UNMISTAKABLE_PATTERNS = [(why, _one_pattern(patterns)) for why, patterns in _UNMISTAKABLE.items()]
_END_PATTERNS = [(why, _one_pattern(patterns)) for why, patterns in _AT_THE_END.items()]
_WEAK_PATTERN = _one_pattern(_ONLY_BESIDE_DEBRIS)
_NAMED_NETWORK = re.compile(rf"\b{_NETWORK}\b", re.IGNORECASE)
_THREAD_PATTERN = re.compile(_THREAD, re.IGNORECASE)
_SPEAKER_PATTERN = re.compile(_SPEAKER, re.IGNORECASE)
_MOMENT_PATTERN = re.compile(rf"(?:(?:on|am|le|el|il|op) )?{DATE}(?:{TIME})?", re.IGNORECASE)
_SPOKEN_PATTERN = re.compile(rf"{_SPEAKER}? (?:(?:on|am|le|el|il|op) )?{DATE}(?:{TIME})?\s?:?", re.IGNORECASE)
_TIMED_PATTERN = re.compile(rf"(?:(?:on|am|le|el|il|op) )?{DATE}{TIME}", re.IGNORECASE)
_REPLY_PATTERN = re.compile(_REPLY, re.IGNORECASE)
_NOTE = re.compile(
    r"(?:please note|note|(?:\w+ )?disclaimer|nota bene|n\.\s?b\.|(?:wichtiger |rechtlicher )?hinweis|haftungsausschluss|anmerkung|remarque|avertissement"
    r"|clause de non-responsabilité|nota|aviso(?: legal)?|descargo de responsabilidad|avvertenza|opmerking|let op|uwaga|observera)\s?:\s?\S.*"
    r"|(?:this|the|all) (?:article|information|content|post|page|text|newsletter|material)s?\b.{0,80}? (?:is|are) (?:\w+ ){0,3}for (?:\w+ ){0,3}"
    r"(?:informational|information|educational)\b.*"
    r"|(?:dieser|diese|die|der) (?:artikel|text|beitrag|informationen|inhalte)\b.{0,60} (?:dient|dienen|ersetzt|ersetzen) .{0,40}"
    r"\b(?:information|beratung|behandlung|informationszwecken)\b.*"
    r"|cet article (?:est|a été) .{0,40}à titre .{0,20}(?:informatif|indicatif)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_NOTE_HEADING = re.compile(
    r"(?:note|(?:\w+ )?disclaimer|(?:wichtiger |rechtlicher )?hinweis|haftungsausschluss|avertissement|remarque|aviso(?: legal)?)\s?:?",
    re.IGNORECASE,
)
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.!?:;…][\"'”’»)\]]*$")


def is_note(text: str) -> bool:
    """Is this paragraph a disclaimer ("Note: …", "This article is for informational purposes …")?"""
    return bool(_NOTE.fullmatch(text))


def is_note_heading(text: str) -> bool:
    """Is this line the heading of a disclaimer, and nothing more?"""
    return bool(_NOTE_HEADING.fullmatch(text))


def unmistakable(text: str) -> str:
    """What kind of debris the line is wherever it stands, or ""."""
    return _first_match(text, _UNMISTAKABLE_PATTERNS)


def share_line(text: str) -> str:
    """Does the line ask to share on networks that it names, or name nothing but networks? "share buttons" or ""."""
    return "share buttons" if _NAMED_NETWORK.search(text) and _first_match(text, _END_PATTERNS) == "share buttons" else ""


def cookie_line(text: str) -> str:
    """Does the line tell of the page's own cookies? "cookie line" or ""."""
    return "cookie line" if "cookie" in text.lower() and _first_match(text, _END_PATTERNS) == "cookie line" else ""


def is_small_word(text: str) -> bool:
    """Is the line one of the small words (Name, Submit, 12) that are debris only beside other debris?"""
    return bool(_WEAK_PATTERN.fullmatch(text))


def _thread(lines: Sequence[str]) -> range:
    """The readers' comments below an article, which end with the last "Reply": "X says:", a date, their words.

    Without any "Reply" a line such as "2 comments" must stand above; then they go on to the end.
    """
    last_reply = max((index for index, text in enumerate(lines) if _REPLY_PATTERN.fullmatch(text)), default=-1)
    for index, (text, below) in enumerate(pairwise(lines)):
        is_thread = last_reply > index or (index and _THREAD_PATTERN.fullmatch(lines[index - 1]))
        if is_thread and _opens_comment(text, below):
            return range(index, (last_reply if last_reply > index else len(lines) - 1) + 1)
    return range(0)


def _opens_comment(text: str, below: str) -> bool:
    """Is it "X says:" above a date, "X said on <date>" in one line, or a name above a date with its time?"""
    if _SPEAKER_PATTERN.fullmatch(text) and _MOMENT_PATTERN.fullmatch(below):
        return True
    is_name = len(text) <= LONGEST_NAME and not _ENDS_LIKE_A_SENTENCE.search(text)
    return bool(_SPOKEN_PATTERN.fullmatch(text)) or (is_name and bool(_TIMED_PATTERN.fullmatch(below)))


def debris_at_the_end(lines: Sequence[str]) -> dict[int, str]:
    """Which of the lines are debris at the end of a text: index -> why.

    Walks backwards over debris, notes (kept) and short lines; stops at the first line of the body. Short lines are dropped only
    behind a line such as "Related posts", small words (Name, Submit, 12) only behind some other debris.
    """
    thread = _thread(lines)
    found = dict.fromkeys(thread, "comments of readers")
    waiting: list[int] = []
    for index in range(len(lines) - 1, -1, -1):
        text = lines[index]
        if not text or is_note(text) or index in thread:
            continue
        why = _first_match(text, _END_PATTERNS) or unmistakable(text)
        if why:
            found[index] = why
            if why == "related posts":
                found.update(dict.fromkeys(waiting, why))
            else:
                found.update({other: why for other in waiting if _WEAK_PATTERN.fullmatch(lines[other])})
            waiting = [other for other in waiting if other not in found]
        elif _WEAK_PATTERN.fullmatch(text) or _could_be_a_link(text):
            waiting.append(index)
        else:
            break
        if len(waiting) > MOST_LINKS:
            break
    return found


def _could_be_a_link(text: str) -> bool:
    return len(text) <= LONGEST_LINK and not _ENDS_LIKE_A_SENTENCE.search(text.rstrip("?"))


def _first_match(text: str, patterns: Sequence[tuple[str, re.Pattern[str]]]) -> str:
    if len(text) > LONGEST_DEBRIS:
        return ""
    return next((why for why, pattern in patterns if pattern.fullmatch(text)), "")
