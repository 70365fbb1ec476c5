"""How common a word is before the archive has been seen: a prior for Spanish and English.

In an archive of ten talks a word's document frequency says little: "retos" may be in one talk, as rare as "hidrogeno".
So words are sorted here, by hand, into four bands: function words, which carry no subject; the words in which people
speak to an archive (talk, present, say); words that most talks use; everything else, which is a subject. All are
written folded (without accents), verbs and nouns in the forms that questions use.
"""

_SPANISH_FUNCTION_TEXT = """
a aca acerca ademas ahi al algo algun alguna algunas alguno algunos alla alli ante antes aquel aquella aquellas
aquello aquellos aqui asi aun aunque bajo bien cabe cada casi como con contra cual cuales cualquier cualquiera cuan
cuando cuanta cuantas cuanto cuantos cuya cuyas cuyo cuyos de del desde dicha dichas dicho dichos donde durante e el
ella ellas ello ellos en entonces entre era eran eras eres es esa esas ese eso esos esta estaba estaban estado estamos
estan estar estara estaran estas este esto estos estoy estuvieron estuvo fue fueron fui ha haber habia habian habra
han has hasta hay haya hayan he hemos hubieron hubo la las le les lo los mas me mediante mi mia mias mientras mio mios
mis misma mismas mismo mismos muy nada ni ningun ninguna ninguno no nos nosotras nosotros nuestra nuestras nuestro
nuestros o os otra otras otro otros para pero poca pocas poco pocos por porque pues que quien quienes respecto se sea
sean segun ser sera seran seria serian si sido siempre siendo sin sino so sobre solo somos son soy su sus suya suyas
suyo suyos tal tales tambien tampoco tan tanta tantas tanto tantos te ti toda todas todavia todo todos tras traves tu
tus u un una unas uno unos usted ustedes va vosotras vosotros vuestra vuestras vuestro vuestros y ya yo
"""
_ENGLISH_FUNCTION_TEXT = """
a about above after again against all also am an and any are aren as at be because been before being below between
both but by can cannot could couldn d did didn do does doesn doing don down during each every few for from further had
hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself just ll
me might more most must my myself no nor not now of off on once only or other our ours ourselves out over own re s
same shall she should shouldn so some such t than that the their theirs them themselves then there these they this
those through to too under until up us ve very via was wasn we were weren what when where which while who whom whose
why will with won would wouldn you your yours yourself yourselves
"""
_SPEAKING_TEXT = """
archive archivo charla charlas comenta comentado comentan conferencia conferencias dice dicen discuss discussed
explica explicado explican habla hablado hablan hablar menciona mencionado mencionan mention mentioned ponencia
ponencias present presenta presentacion presentaciones presentada presentadas presentado presentados presentan
presentation presented relacionada relacionadas relacionado relacionados related said say saying says speak speaker
speakers talk talked talking talks tell tema temas told topic topics trata tratan
"""
_SPANISH_COMMON_TEXT = """
actual actualmente alrededor ano anos anterior apartado aspecto aspectos base cabo campo campos cantidad
caracteristica caracteristicas caso casos cerca cinco ciudad ciudades clase clases comenzo comun comunes conoce
conocen conocer conocia conocida conocidas conocido conocidos considera consideraba considerado consideran consiguio
consiste contiene contienen correcto cosa cosas creada creado cree creen creo cuatro cuenta cuestion da daba dado dan
dar debe deben debia decia decir denomina denominado describe describio dia dias diferencia diferente diferentes dijo
dio distinta distintas distinto distintos dos ejemplo ejemplos empezo empieza encontrar encontro encuentra encuentran
enfrenta enfrentan enfrentar epoca existe existen existia existieron fecha fin final forma formas fuera general
generalmente gente gran grande grandes grupo grupos hace hacen hacer hacia haciendo hecha hecho hechos hicieron hizo
hora horas hoy idea ideas importancia importante importantes incluir incluye incluyen informacion inicio ir lado llama
llamaba llamada llamado llaman llego lleva llevar llevo lugar lugares manera maneras mayor mayores mayoria medio
medios mejor mejores menor menos mil momento momentos mucha muchas mucho muchos mundo necesario necesita necesitan
nombre nombres normalmente nueva nuevas nuevo nuevos numero numeros objetivo objetivos ocurre ocurrio oportunidad
oportunidades parece parte partes pasa paso persona personas piensa plantea poder podia podian podria podrian
porcentaje posee posible posibles primer primera primeras primero primeros principal principales problema problemas
produce produjo propia propio proporciona propuesta pudo puede pueden punto puntos queda quiere quieren razon razones
realiza realizar realizo recibe recibio relacion reto retos sabe saben segunda segundo semana siglo significa
siguiente siguientes sirve sistema sistemas situacion situado solamente suele suelen supone tener tenia tenian tenido
tercer termino terminos tiempo tiempos tiene tienen tienes tipo tipos tomar tomo total trabajo trabajos tres tuvieron
tuvo ultima ultimo ultimos unica unico usa usaba usada usado usan usar utiliza utilizado utilizan utilizar vale valor
van varias varios veces ven ver vez vida video visto
"""
_ENGLISH_COMMON_TEXT = """
actually another answer area areas around ask asked aspect aspects away back based became become began begin best
better big bit call called came case cases certain challenge challenges come comes common concern concerned consider
considered contain contains course create created day days describe described different done early effect end enough
even ever example examples exist exists explain explained face faced faces fact field find first found four gave
general get gets give given gives go goes going good got great group groups happen happened happens help high hour
idea ideas important include includes including information instead involve involved issue issues keep kind kinds knew
know known large last later lecture left less let like likely little long look lot made main mainly major make makes
making man many may mean means method much name named need needed needs never new next number numbers often old one
opportunities opportunity order part particular parts people person place places point points possible problem
problems produce provide provided purpose put question rather really reason reasons refer referred relation right saw
second see seem seen several show shown shows since small something start started state still stop system take taken
term terms thing things think third three time times together took total toward towards try turn two type types use
used uses using usually various video want wanted way ways week well went without word words work works world year
years yes yet
"""

SPANISH_FUNCTION = frozenset(_SPANISH_FUNCTION_TEXT.split())
ENGLISH_FUNCTION = frozenset(_ENGLISH_FUNCTION_TEXT.split())
SPEAKING = frozenset(_SPEAKING_TEXT.split())
SPANISH_COMMON = frozenset(_SPANISH_COMMON_TEXT.split())
ENGLISH_COMMON = frozenset(_ENGLISH_COMMON_TEXT.split())

FUNCTION_SHARE = 0.5  # share of passages in which a function word is taken to stand
SPEAKING_SHARE = 0.4  # ... a word in which people speak to an archive of talks
COMMON_SHARE = 0.15  # ... a word that most talks use
SUBJECT_SHARE = 0.001  # ... any other word


def share(token: str) -> float:
    """The share of passages, in any archive, in which a folded word is expected to stand."""
    if token in SPANISH_FUNCTION or token in ENGLISH_FUNCTION:
        return FUNCTION_SHARE
    if token in SPEAKING:
        return SPEAKING_SHARE
    if token in SPANISH_COMMON or token in ENGLISH_COMMON:
        return COMMON_SHARE
    return SUBJECT_SHARE
