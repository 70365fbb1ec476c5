"""The words by which match reports in Spanish and English claim something: who leads, ties, scores, wins; how much time
is left. All patterns are for folded text with its numbers in figures.
"""

import re

LEADS = re.compile(
    r"\b(?:leads?|leading|led(?! by)|ahead|in front|on top|up by|(?:go|goes|going|went|move|moves|moved|are|is) up|"
    r"winning|in the lead|edge[sd]? (?:ahead|in front)|"
    r"lider\w+|manda\w*|domina\w*(?= (?:el marcador|por|\d))|ganando|gana\w*(?= (?:por|de \d|\d))|"
    r"por delante|adelant\w+|arriba|delantera|en cabeza|por encima|ventaja|advantage)\b"
)
TRAILS = re.compile(
    r"\b(?:trail\w*|behind(?! the (?:arc|line))|down by|(?:are|is) down|losing|led by|pierde\w*|perdiendo|por detras|"
    r"por debajo|(?:va\w*|por) abajo|a remolque)\b"
)
TIED = re.compile(
    r"\b(?:tied?|ties|tying|level|levels|levelled|all square|deadlock\w*|evens? (?:the score|it|things)|knotted|"
    r"equali[sz]\w+|nothing between them|empat\w+|iguala\w*|igualdad|tablas|nada los separa)\b"
)
UNTIED = re.compile(
    r"\b(?:br\w+ (?:the |a )?|romp\w+ (?:el |la |las )?|deshac\w+ (?:el |la |las )?|no longer |ya no |desempat)$"
)
SCORES = re.compile(
    r"\b(?:scores?|scored|scoring|sinks?|sank|nails?|nailed|buries|buried|nets|netted|"
    r"(?:hits?|makes?|drains?|knocks? down)(?= (?:a |the |another |two |three )?(?:\w+ ){0,2}"
    r"(?:three|two|shot|basket|bucket|free|layup|jumper|goal|it))|"
    r"anot\w+|(?<!reloj )(?<!marcador )marca|marcan|marco|with the (?:basket|goal|score)|encest\w+|clava\w*|"
    r"convierte\w*|"
    r"(?:goal by|goal for|gol de|gol del|canasta de|canasta del|three (?:by|from)|triple de|triple del))\b"
)
BACKWARD = re.compile(r"(?:by|for|from|de|del)$")  # who scored stands after it
WINS = re.compile(
    r"\b(?:wins?|won|victory|victorious|champions?|winners?|seals? (?:the|a) (?:win|game)|victoria|"
    r"campeon\w*|vencedor\w*|ganador\w*|vence\w*|"
    r"gana(?:n|ron)?(?: \w+){0,3} (?:el partido|la final)|gano (?:el partido|la final)|"
    r"se lleva\w* (?:el partido|la victoria))\b"
)
WISH = re.compile(
    r"\b(?:could|can|may|might|must|would|wants?|needs?|tr(?:y|ies|ying)|looking|hop\w+|if|almost|nearly|chance|"
    r"podri\w+|pued\w+|quier\w+|busc\w+|intent\w+|para|si|casi|debe\w*|a punto de|sueñ\w+|necesit\w+)\b[^,.;:!?]{0,30}$"
)
NOT = re.compile(r"\b(?:no|not|never|nor|isn't|aren't|without|sin|nunca|tampoco)\b[^,.;:!?]{0,14}$")
CLAUSE = re.compile(r"[,;:.!?¡¿—()]|\b(?:while|but|and|mientras|pero|y|aunque|although)\b")
SERIES = re.compile(r"\b(?:series|serie|eliminatoria|playoffs?)\b")

PAIR = re.compile(
    r"(?<![\d:.,])(\d{1,3})\s*(?:-|–|—|\ba\b|\bto\b)\s*(\d{1,3})(?![\d:]|[.,]\d)(?!\s*(?:s|seg\w*|sec\w*|min\w*)\b)"
)
MARGIN = re.compile(
    r"(?:\b(?:by|por)\s+(\d{1,3})\b(?!\s*(?:-|–|s\b|sec|seg|min))|"
    r"\b(\d{1,3})[- ](?:points?|goals?|runs?)\s+(?:lead|advantage|ahead|up|clear|behind|down)\b|"
    r"\b(?:lead|advantage|gap|difference|ventaja|renta|diferencia) (?:of|de) (\d{1,3})\b|"
    r"\b(\d{1,3}) (?:(?:puntos?|goles?|tantos?) )?(?:arriba|abajo|de ventaja|por delante|por detras)\b|"
    r"\ba (\d{1,3}) (?:puntos?|goles?|tantos?)\b|\b(\d{1,3}) clear\b|\bsaca\w* (\d{1,3})\b)"
)
LEFT = re.compile(
    r"(?:(\d{1,2}):(\d{2})|(\d{1,3}(?:[.,]\d)?)\s*[- ]?(?:s|seconds?|secs?|segundos?)\b|"
    r"(\d{1,2}) (?:minutes?|minutos?))"
    r"(?=\s+(?:left|to go|to play|remain\w*|on the clock|restantes|por jugar|en el reloj))|"
    r"\b(?:quedan?|faltan?|restan?|a falta de|with)\s+(?:solo |apenas |just |only |los |unos |about )?"
    r"(?:(\d{1,2}):(\d{2})|(\d{1,3}(?:[.,]\d)?)\s*(?:s|seconds?|segundos?)\b|(\d{1,2}) (?:minutes?|minutos?)\b)"
)
BUZZER = re.compile(
    r"\b(?:buzzer|last seconds?|final seconds?|dying seconds|no time left|bocina|ultimos? segundos?|ultimo suspiro|"
    r"time (?:is up|expires))\b"
)
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "primer": 1, "primera": 1, "segundo": 2, "segunda": 2,
             "tercer": 3, "tercera": 3, "cuarto": 4, "ultimo": 4, "final": 4, "last": 4}  # fmt: skip
PERIOD = re.compile(
    r"\b(?:(\d)(?:st|nd|rd|th|\.?[ºªoa])?\.?|(" + "|".join(ORDINALS) + r"))\s+"
    r"(quarter|period|half|cuarto|periodo|parte|mitad|tiempo)\b"
)
OVERTIME = re.compile(r"\b(?:overtime|extra time|prorroga)\b")
HALVES = ("half", "parte", "mitad", "tiempo")
POINTS = re.compile(
    r"\b(?:(\d{1,2})[- ](?:points?|pointers?|puntos)|(three|triple|triples|threes))\b"
    r"(?! (?:lead|ahead|up|behind|down|seconds|minutes))"
)

# of matches in sets

IN_SETS = re.compile(r"\b(?:sets|mangas|(?:a|by|one|un|una|1) (?:set|manga))\b")
COUNTED = re.compile(
    r"\b(\d+|one|two|three|uno|una|un|dos|tres) (set|game|point|manga|juego|punto)s? (?:to|a) "
    r"(\d+|love|nil|zero|one|two|three|cero|uno|una|dos|tres)\b"
)
COUNTS = {"love": 0, "nil": 0, "zero": 0, "cero": 0, "one": 1, "uno": 1, "una": 1, "un": 1, "two": 2, "dos": 2,
          "three": 3, "tres": 3}  # fmt: skip
SET_NUMBER = re.compile(
    r"\b(?:(\d)(?:st|nd|rd|th|\.?[ºo]|\.?er)?\.?|(first|second|third|fourth|fifth|primer|primera|segundo|segunda|tercer|"
    r"tercera|cuarto|cuarta|quinto|quinta))\s+(?:set|manga)\b"
)
SET_ORDINALS = {**ORDINALS, "fifth": 5, "cuarta": 4, "quinto": 5, "quinta": 5}
UP = re.compile(r"\b(?:up|ahead|leads?|leading|led|gana\w*|manda\w*|domina\w*|arriba|por delante)\b")
DEUCE = re.compile(r"\b(?:deuce|(?<!\d )iguales|(?:cuarenta|40) iguales)\b")
ALL = re.compile(r"\b(\d{1,2}) (?:all|apiece|each|iguales)\b")
ADVANTAGE = re.compile(r"\b(?:advantage|ventaja)\b")
BREAKS = re.compile(r"\b(?:breaks?(?! point)|broke|broken|rompe\w*|quiebra\w*|break de)\b")
HOLDS = re.compile(r"\b(?:holds?|held|mantiene\w* (?:el|su) (?:saque|servicio))\b")
SERVES = re.compile(r"\b(?:serv(?:es|ing)|to serve|saca|sacando|al saque|al servicio)\b")
TAKES = re.compile(
    r"\b(?:wins?|won|takes?|took|claims?|claimed|grabs?|gana\w*|gano|se lleva\w*|se llevo|se apunta\w*|se apunto)\b"
    r"(?!\s+\d+\s*(?:-|–|a\b|to\b))(?=[^,.;:!?]{0,30}?\b(set|manga|game|juego|point|punto)s?\b)"
)
TO = re.compile(
    r"(?<!\bbreak )(?<!\bset )(?<!\bmatch )(?<!\bgame )(?<!\bde )\b(set|manga|game|juego|point|punto)\b,? "
    r"(?:to|for|para|de|del)(?: el| la| los| las)?\s*$"
)
NEAR = re.compile(
    r"\b(break|set|match|game)[ -](?:point|ball)s?\b|\b(?:punto|bola|pelota)s? de (break|rotura|set|partido|juego)\b"
)
