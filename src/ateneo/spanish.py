"""What Ateneo's errors say in Spanish: template by template, with the same fields (`errors.AteneoError`).

A field that is itself an error, or a text that stands here, is said in Spanish too; what the system or another program
says stays as it is. `tests/web/test_spanish.py` fails where an error that the page can meet has no Spanish.
"""

from collections.abc import Mapping
from typing import Any

_SEND_PICTURE = "envía la imagen como cuerpo, con su tipo (Content-Type: image/jpeg)"
_CONVERT = "cópialo a otro formato con otro programa"
_AGAIN = "vuelve a instalar Ateneo"

SPANISH: Mapping[str, str] = {
    # the web itself
    "Not Found": "aquí no hay nada",
    "Method Not Allowed": "esa dirección no admite este método",
    "a fault of Ateneo's own; its log says more, please report it": (
        "un fallo del propio Ateneo; su registro dice más, avisa de él"
    ),
    "too many wrong passwords; try again in {wait} s": "demasiadas contraseñas erróneas; vuelve a probar en {wait} s",
    "this archive is served for reading only": "este archivo se ofrece solo para lectura",
    "nothing to correct; give title, speakers, date, number or language": (
        "no hay nada que corregir; da título, ponentes, fecha, número o idioma"
    ),
    "{talk_id} has nothing to play yet: {problem}": "{talk_id} aún no tiene nada que reproducir: {problem}",
    "give either words, or talk and frame": "da palabras, o bien charla e imagen",
    "send the picture as the body, with its type (Content-Type: image/jpeg)": _SEND_PICTURE,
    "give either upload or folder": "da un envío o una carpeta",
    "messages: no message of a user with a text; the last one is the question": (
        "messages: ningún mensaje del usuario tiene texto; el último es la pregunta"
    ),
    "messages: a question has at most {longest} characters": "messages: una pregunta tiene {longest} letras como mucho",
    "{talk_id} has no picture {name} of a fact; describe the stretch": (
        "{talk_id} no tiene la imagen {name} de un dato; describe el tramo"
    ),
    "a stretch of {end:g} s is too long here; give at most {most:g} s": (
        "un tramo de {end:g} s es demasiado largo; da {most:g} s como mucho"
    ),
    "drawing needs torch, which is not installed; run: pip install 'ateneo[models]'": (
        "para dibujar falta torch, que no está instalado; ejecuta: pip install 'ateneo[models]'"
    ),
    "the page draws by {shown}; use the command for {method}": (
        "la página dibuja con {shown}; usa la orden para {method}"
    ),
    "drawing ended with status {returncode}; the server's log says why": (
        "el dibujo acabó con el estado {returncode}; el registro del servidor dice por qué"
    ),
    "this request comes from another site": "esta petición viene de otro sitio",
    "the body is larger than {limit} bytes; send less": "el cuerpo pasa de {limit} bytes; envía menos",
    "a request names one host": "una petición nombra un solo servidor",
    "this server does not answer as {given}; allow it with --name": (
        "este servidor no responde por {given}; permítelo con --name"
    ),
    "log in first, or send Authorization: Bearer TOKEN": "entra primero, o envía Authorization: Bearer CÓDIGO",
    "nothing came for {patience:.0f} s; send it again": "no llegó nada en {patience:.0f} s; envíalo otra vez",
    "no job {job_id!r}; GET /api/jobs lists them": "no hay tarea {job_id!r}; GET /api/jobs las enumera",
    "width: one of {widths}": "width: uno de {widths}",
    "{talk_id} has no slide {name}": "{talk_id} no tiene la diapositiva {name}",
    "the picture has more than {most} million pixels; send a smaller one": (
        "la imagen pasa de {most} millones de píxeles; envía una menor"
    ),
    "this is no picture that can be read; send a JPEG, PNG or WebP": (
        "esto no es una imagen que se pueda leer; envía un JPEG, PNG o WebP"
    ),
    "no range of bytes: {asked!r}": "no es un tramo de bytes: {asked!r}",
    "the recording has {size} bytes": "la grabación tiene {size} bytes",
    "the recording is no longer where it was when the talk was added": (
        "la grabación ya no está donde estaba cuando se añadió la charla"
    ),
    "no such file: {name}": "no existe el archivo {name}",
    "no such upload; begin one with POST /api/uploads": "no existe ese envío; empieza uno con POST /api/uploads",
    "more than {most_files} files in one upload; begin another": "más de {most_files} archivos; empieza otro envío",
    "name: a file's plain name, without folders": "el nombre ha de ser el del archivo, sin carpetas",
    "{name} is neither a recording nor captions; send video, audio, .vtt, .srt, .sbv or .ass": (
        "{name} no es ni grabación ni subtítulos; envía vídeo, audio, .vtt, .srt, .sbv o .ass"
    ),
    "nothing was uploaded; PUT files first": "no se ha enviado nada; envía antes los archivos",
    "folder: give the whole path on the server, such as /home/ana/recordings": (
        "da la ruta completa en el servidor, como /home/ana/grabaciones"
    ),
    "recordings may not be added from there; `ateneo serve --folder DIR` allows a folder": (
        "de ahí no se pueden añadir grabaciones; `ateneo serve --folder CARPETA` permite una carpeta"
    ),
    "folder: {given} is not there": "no existe en el servidor: {given}",
    "{name} is empty": "{name} está vacío",
    "cannot keep {name}: {strerror}": "no se puede guardar {name}: {strerror}",
    "the disk of the server is full; free some space there": (
        "el disco del servidor está lleno; deja algo de sitio en él"
    ),
    # the archive
    "cannot use {path} as an archive: it is a file; name a folder": (
        "no se puede usar {path} como archivo de charlas: no es una carpeta; nombra una"
    ),
    "nothing to add in {names}: no recording or caption file there; name files or their folder": (
        "nada que añadir en {names}: no hay grabaciones ni subtítulos; nombra archivos o su carpeta"
    ),
    "no talk {name!r} in {path}: {why}": "no hay charla {name!r} en {path}: {why}",
    "cannot tell what to look for: give words or an image, one of the two": (
        "no se sabe qué buscar: da palabras o una imagen, una de las dos"
    ),
    "there is nothing to see in {path}: no talk has frames; add recordings with pictures": (
        "no hay nada que ver en {path}: ninguna charla tiene imágenes; añade grabaciones que las tengan"
    ),
    "cannot write {target}: {error}; name a .png, .jpg or .webp file": (
        "no se puede escribir {target}: {error}; nombra un archivo .png, .jpg o .webp"
    ),
    "cannot summarise {id}: nothing was said in it; add captions or recognise its speech": (
        "no se puede resumir {id}: no se dice nada; añade subtítulos o reconoce el habla"
    ),
    "cannot repair {id} in {language}: its captions were made by people; correct them": (
        "no se puede reparar {id} en {language}: sus subtítulos son de personas; corrígelos"
    ),
    "{id} has no repair {unknown}; `ateneo show {id}` lists them": (
        "{id} no tiene la reparación {unknown}; `ateneo show {id}` las enumera"
    ),
    "cannot {what}: no language model; set language_engine (docs/assistant.md)": (
        "no se puede ({what}): no hay modelo de lenguaje; pon language_engine (docs/assistant.md)"
    ),
    "cannot index {id} again: {why}": "no se puede volver a indexar {id}: {why}",
    "cannot filter by {unknown}: no such key; use {where_keys}": (
        "no se puede filtrar por {unknown}: no existe; usa {where_keys}"
    ),
    "cannot read the index {folder}: {why}; run `ateneo reindex` to make it again": (
        "no se puede leer el índice {folder}: {why}; ejecuta `ateneo reindex` para rehacerlo"
    ),
    "words/meta.json is missing": "falta words/meta.json",
    "a file of it is damaged": "uno de sus archivos está dañado",
    "cannot make the index {folder}: {error}; check the folder's rights": (
        "no se puede crear el índice {folder}: {error}; revisa los permisos de la carpeta"
    ),
    "cannot index {talk_id}: some of its passages belong to another talk; pass only its own": (
        "no se puede indexar {talk_id}: algunos pasajes son de otra charla; da solo los suyos"
    ),
    "cannot write {folder}: {error}; free some space and run the same command again": (
        "no se puede escribir en {folder}: {error}; deja algo de sitio y repite la orden"
    ),
    "cannot write {folder}: another process is writing; wait for it": (
        "no se puede escribir en {folder}: otro proceso está escribiendo; espera a que acabe"
    ),
    "cannot write to {root}: another ateneo is writing to it; wait until it has finished": (
        "no se puede escribir en {root}: otro ateneo está escribiendo; espera a que termine"
    ),
    "cannot write {target}: {strerror}; {step}": "no se puede escribir {target}: {strerror}; {step}",
    "check that the folder can be written to": "comprueba que se puede escribir en la carpeta",
    "free some space and run the same command again; what is done stays done": (
        "deja algo de sitio y repite la orden; lo hecho, hecho queda"
    ),
    "no talk {talk_id!r} in this archive; `ateneo talks` lists them": (
        "no hay charla {talk_id!r} en este archivo; `ateneo talks` las enumera"
    ),
    "cannot read talks/{talk_id}/{name}: {error}; correct the file, or remove the talk and add it again": (
        "no se puede leer talks/{talk_id}/{name}: {error}; corrige el archivo, o quita la charla y añádela otra vez"
    ),
    "cannot read the time {stamp!r}: not HH:MM:SS.mmm; correct it": (
        "no se entiende el tiempo {stamp!r}: no es HH:MM:SS.mmm; corrígelo"
    ),
    "cannot index vectors of {space}: some are not finite; check the engine that made them": (
        "no se pueden indexar vectores de {space}: algunos no son finitos; revisa el motor que los hizo"
    ),
    "cannot read {path}: {error}; run `ateneo reindex`": "no se puede leer {path}: {error}; ejecuta `ateneo reindex`",
    "cannot compare a vector of {vector} numbers with those of {space}, which have {shape}; use the engine of that "
    "space": (
        "no se puede comparar un vector de {vector} números con los de {space}, que tienen {shape}; usa el motor de "
        "ese espacio"
    ),
    "cannot export as {format!r}: unknown format; use one of {formats}": (
        "no se puede exportar como {format!r}: formato desconocido; usa uno de {formats}"
    ),
    "no transcript of {id} in {wanted}; it has: {known}": "no hay transcripción de {id} en {wanted}; tiene: {known}",
    "any language": "ningún idioma",
    # corrections
    "cannot correct {id}: the title is empty; give one": "no se puede corregir {id}: el título está vacío; da uno",
    "cannot correct the captions in {language}: none begins at {start:.3f} s; read them again": (
        "no se pueden corregir los subtítulos en {language}: ninguno empieza en {start:.3f} s; vuelve a leerlos"
    ),
    "cannot correct the caption at {start:.3f} s: it now says {text!r}; look at it and correct it again": (
        "no se puede corregir el subtítulo de {start:.3f} s: ahora dice {text!r}; míralo y corrígelo otra vez"
    ),
    "cannot correct the caption at {start:.3f} s: longer than {longest_line} characters; shorten it": (
        "no se puede corregir el subtítulo de {start:.3f} s: pasa de {longest_line} letras; acórtalo"
    ),
    "cannot take out the caption at {start:.3f} s: it is the only one; give it a text": (
        "no se puede quitar el subtítulo de {start:.3f} s: es el único; dale un texto"
    ),
    "cannot correct {id}: {written!r} is no date; write it as 2024-05-31": (
        "no se puede corregir {id}: {written!r} no es una fecha; escríbela como 2024-05-31"
    ),
    "cannot correct {id}: {written!r} is no language; write a tag such as es or en": (
        "no se puede corregir {id}: {written!r} no es un idioma; escribe una etiqueta como es o en"
    ),
    "cannot correct the {what}: longer than {longest} characters; shorten it": (
        "no se puede corregir ({what}): pasa de {longest} letras; acórtalo"
    ),
    "cannot read {name}: {error}; remove it and run `ateneo reindex`": (
        "no se puede leer {name}: {error}; quítalo y ejecuta `ateneo reindex`"
    ),
    # recordings
    "cannot read {path}: it is a picture, not a recording; name recordings or caption files": (
        "no se puede leer {path}: es una imagen, no una grabación; da grabaciones o subtítulos"
    ),
    "cannot read {path}: it is text, not a recording; give captions as .vtt, .srt, .sbv or .ass": (
        "no se puede leer {path}: es texto, no una grabación; da los subtítulos en .vtt, .srt, .sbv o .ass"
    ),
    "cannot read {path}: {why}; check that it plays, or make a new copy of it": (
        "no se puede leer {path}: {why}; comprueba que se reproduce, o haz otra copia"
    ),
    "it has no sound and no pictures": "no tiene ni sonido ni imagen",
    "none of its sound or pictures can be decoded (cut short, damaged or encrypted)": (
        "ni su sonido ni su imagen se pueden descodificar (cortado, dañado o cifrado)"
    ),
    "cannot make a playable copy of {path}: {error}; convert it with another program": (
        "no se puede hacer una copia reproducible de {path}: {error}; " + _CONVERT
    ),
    # describing, drawing, looking
    "cannot describe {id} from {start:g} s to {told}: it lasts {latest:g} s; give a stretch within it": (
        "no se puede describir {id} de {start:g} s a {told}: dura {latest:g} s; da un tramo que esté dentro"
    ),
    "the end": "el final",
    "cannot describe {id} from {start:g} s to {end:g} s: that ends before it begins; give a later end": (
        "no se puede describir {id} de {start:g} s a {end:g} s: acaba antes de empezar; da un final posterior"
    ),
    "{name} says the same again and again; use another model": "{name} se repite una y otra vez; usa otro modelo",
    "cannot describe in {language!r}: the panel is told in es and en; give one of them": (
        "no se puede describir en {language!r}: el panel se cuenta en es y en; da uno de los dos"
    ),
    "there is no method {method!r}; choose {methods}": "no hay método {method!r}; elige {methods}",
    "give words or pictures to draw from, not both": "da palabras o imágenes de las que dibujar, no ambas",
    "only unclip draws from pictures, not {method}; leave --method out": (
        "solo unclip dibuja a partir de imágenes, no {method}; quita --method"
    ),
    "give one picture to vary or two to go between, not {pictures}": (
        "da una imagen para variarla o dos para ir de una a otra, no {pictures}"
    ),
    "--clip leads published weights: name them with --model": "--clip guía pesos publicados: nómbralos con --model",
    'there are no words to draw; say what the picture shows, as in: ateneo draw "un avión"': (
        "no hay palabras que dibujar; di qué muestra la imagen, por ejemplo: un avión"
    ),
    "cannot draw {count} words: say it in {longest} or fewer": (
        "no se pueden dibujar {count} palabras: dilo en {longest} o menos"
    ),
    "cannot draw {size} x {size} pixels by {method}: give 16 to {largest}": (
        "no se pueden dibujar {size} x {size} píxeles con {method}: da de 16 a {largest}"
    ),
    "cannot take {steps} steps: give 1 to {most_steps}": "no se pueden dar {steps} pasos: da de 1 a {most_steps}",
    "cannot use the scale {scale}: give 0 to {most_scale:g}": (
        "no se puede usar la escala {scale}: da de 0 a {most_scale:g}"
    ),
    "cannot use the seed {seed}: give 0 to {seeds}": "no se puede usar la semilla {seed}: da de 0 a {seeds}",
    "cannot draw {n} pictures at a time: give 1 to {most}": (
        "no se pueden dibujar {n} imágenes a la vez: da de 1 a {most}"
    ),
    "cannot open {path}: there is no such file": "no se puede abrir {path}: no existe",
    "cannot read {path} as a picture: {error}; give a PNG or a JPEG": (
        "no se puede leer {path} como imagen: {error}; da un PNG o un JPEG"
    ),
    "cannot draw: the models in {folder} belong to the sentence encoder {text_space}, and the one installed is "
    "{space}; install the two together, or train the models again": (
        "no se puede dibujar: los modelos de {folder} son del codificador de frases {text_space}, y el instalado es "
        "{space}; instala los dos juntos, o vuelve a entrenar los modelos"
    ),
    "cannot draw {size} x {size} pixels by {method}: a side is a multiple of {stride}, such as {near}": (
        "no se pueden dibujar {size} x {size} píxeles con {method}: un lado es múltiplo de {stride}, como {near}"
    ),
    "drawing needs {absent}, which is not installed; run: pip install 'ateneo[{extra}]'": (
        "para dibujar falta {absent}, que no está instalado; ejecuta: pip install 'ateneo[{extra}]'"
    ),
    "cannot make a table of this picture: no room with measures or an area can be read on it; give a floor plan with "
    "written measures, larger or sharper": (
        "no se puede hacer una tabla de esta imagen: no se lee ninguna habitación con medidas o superficie; da un "
        "plano con medidas escritas, mayor o más nítido"
    ),
    "cannot solve a riddle: there is no picture model to name its drawings; see `ateneo models list`": (
        "no se puede resolver un jeroglífico: no hay modelo de imágenes que nombre sus dibujos; mira "
        "`ateneo models list`"
    ),
    "cannot solve this as a riddle: {boxes} separate drawings are on it, at least {fewest} are needed; give a picture "
    "whose drawings stand apart on a plain ground": (
        "no se puede resolver como jeroglífico: tiene {boxes} dibujos separados y hacen falta {fewest}; da una imagen "
        "con los dibujos separados sobre un fondo liso"
    ),
    # engines and models
    "cannot load the {kind} engine {plain}: {error}; install what it needs": (
        "no se puede cargar el motor {plain} ({kind}): {error}; instala lo que necesita"
    ),
    "the {kind} engine {plain} needs a model: {plain}:NAME; see `ateneo models list`": (
        "el motor {plain} ({kind}) necesita un modelo: {plain}:NOMBRE; mira `ateneo models list`"
    ),
    "no {kind} engine named {plain}; known: {known}; see `ateneo doctor`": (
        "no hay motor {plain} ({kind}); se conocen: {known}; mira `ateneo doctor`"
    ),
    "no {kind} engine named {name}; known: {known}; see docs/assistant.md": (
        "no hay motor {name} ({kind}); se conocen: {known}; mira docs/assistant.md"
    ),
    "no model named {name} on this machine, and no such folder; {step}": (
        "no hay modelo {name} en esta máquina, ni carpeta de ese nombre; {step}"
    ),
    "see `ateneo models list`": "mira `ateneo models list`",
    "cannot use {name} for {kind}: it is a model for {kind2}; set {settings} instead": (
        "no se puede usar {name} para {kind}: es un modelo para {kind2}; pon {settings}"
    ),
    "no {name} in {folder}; {layout}": "falta {name} en {folder}; {layout}",
    "no {tower}{ending}.onnx in {folder}; {layout}": "falta {tower}{ending}.onnx en {folder}; {layout}",
    "the folder needs config.json, preprocessor_config.json, tokenizer.json, onnx/text_model.onnx and vision_model": (
        "la carpeta necesita config.json, preprocessor_config.json, tokenizer.json, onnx/text_model.onnx y vision_model"
    ),
    "cannot use {file}: its outputs are {there}; {known} is needed": (
        "no se puede usar {file}: sus salidas son {there}; hace falta {known}"
    ),
    "cannot load {path}: its weights {name} are not beside it; get them too": (
        "no se puede cargar {path}: no tiene al lado sus pesos {name}; consíguelos también"
    ),
    "cannot read {model}: {error}; get the file, or install Ateneo, again": (
        "no se puede leer {model}: {error}; consigue el archivo otra vez, o " + _AGAIN
    ),
    "cannot run {model}: {error}; is it the export of an encoder?": (
        "no se puede ejecutar {model}: {error}; ¿es la exportación de un codificador?"
    ),
    "{model} gives vectors that are not finite; the model is damaged, get it again": (
        "{model} da vectores que no son finitos; el modelo está dañado, consíguelo otra vez"
    ),
    "no sentence encoder in {folder}: {missing} is missing; the folder needs onnx/model.onnx and tokenizer.json, as "
    "Hugging Face publishes ONNX models": (
        "no hay codificador de frases en {folder}: falta {missing}; la carpeta necesita onnx/model.onnx y "
        "tokenizer.json, como Hugging Face publica los modelos ONNX"
    ),
    "cannot use {file}: its outputs are {there}; an encoder gives {tokens}": (
        "no se puede usar {file}: sus salidas son {there}; un codificador da {tokens}"
    ),
    "cannot use {model}: a dense layer follows its pooling (modules.json), which its ONNX file does not hold; take an "
    "export with the output sentence_embedding": (
        "no se puede usar {model}: le sigue una capa densa (modules.json) que su archivo ONNX no tiene; toma una "
        "exportación con la salida sentence_embedding"
    ),
    "cannot read {tokenizer_file}: {error}; get the file again": (
        "no se puede leer {tokenizer_file}: {error}; consigue el archivo otra vez"
    ),
    "cannot use {file}: it wants the input {unknown}; sentence encoders take {inputs}": (
        "no se puede usar {file}: pide la entrada {unknown}; los codificadores de frases toman {inputs}"
    ),
    "cannot read {picture}: {error}; give a JPEG or PNG picture": (
        "no se puede leer {picture}: {error}; da una imagen JPEG o PNG"
    ),
    "cannot read {name}: {why}; name a picture's file": "no se puede leer {name}: {why}; da una imagen",
    "it is a folder": "es una carpeta",
    "no such file": "no existe",
    "no sentence encoder at {folder}: {file} is missing; name a folder that holds {model} and {tokenizer}, or install "
    "Ateneo again": (
        "no hay codificador de frases en {folder}: falta {file}; nombra una carpeta que tenga {model} y {tokenizer}, o "
        + _AGAIN
    ),
    "cannot read {folder}: {error}; install Ateneo again": "no se puede leer {folder}: {error}; " + _AGAIN,
    "cannot use {program}: it is not installed; install tesseract-ocr and tesseract-ocr-spa": (
        "no se puede usar {program}: no está instalado; instala tesseract-ocr y tesseract-ocr-spa"
    ),
    "cannot read {picture}: no language data ({needed}); install tesseract-ocr-LANGUAGE": (
        "no se puede leer {picture}: faltan los datos del idioma ({needed}); instala tesseract-ocr-IDIOMA"
    ),
    "cannot run {program}: {why}; check it with `tesseract --version`": (
        "no se puede ejecutar {program}: {why}; compruébalo con `tesseract --version`"
    ),
    "no image tower at {folder}: {file} is missing; name a folder that holds {model}, {config} and {prepared}, or "
    "install Ateneo again": (
        "no hay modelo de imágenes en {folder}: falta {file}; nombra una carpeta que tenga {model}, {config} y "
        "{prepared}, o " + _AGAIN
    ),
    "cannot find pictures by words: the image tower at {folder} meets the sentence encoder {text_space}, and the one "
    "installed is {space}; install the two together, or train the tower again (recipes/pictures)": (
        "no se pueden hallar imágenes por palabras: el modelo de imágenes de {folder} va con el codificador de frases "
        "{text_space}, y el instalado es {space}; instala los dos juntos, o vuelve a entrenarlo (recipes/pictures)"
    ),
    "cannot use {path}: no text_space in it ({error}); install Ateneo again": (
        "no se puede usar {path}: no tiene text_space ({error}); " + _AGAIN
    ),
    "no word vectors at {folder}: {file} is missing; install Ateneo again": (
        "no hay vectores de palabras en {folder}: falta {file}; " + _AGAIN
    ),
    "cannot read the word vectors of {folder}: {error}; install Ateneo again": (
        "no se pueden leer los vectores de palabras de {folder}: {error}; " + _AGAIN
    ),
    "there are no pictures to prepare": "no hay imágenes que preparar",
    "{name} is {w} x {h} pixels: too narrow to be resized to a short side of {s}; cut it first": (
        "{name} tiene {w} x {h} píxeles: es demasiado estrecha para dejarla en un lado corto de {s}; recórtala antes"
    ),
    "the picture": "la imagen",
    "cannot read {name}: it is no picture that can be read; give a JPEG, PNG, WebP, GIF, TIFF or BMP "
    "(a HEIC photo saved as JPEG)": (
        "no se puede leer {name}: no es una imagen que se pueda leer; da un JPEG, PNG, WebP, GIF, TIFF o BMP "
        "(una foto HEIC, guardada como JPEG)"
    ),
    "cannot read {name}: it has too many pixels; make it smaller first": (
        "no se puede leer {name}: tiene demasiados píxeles; hazla antes más pequeña"
    ),
    "cannot read {name}: it is cut short or damaged ({error}); get it again": (
        "no se puede leer {name}: está cortada o dañada ({error}); consíguela de nuevo"
    ),
    "cannot read {name}: {error}": "no se puede leer {name}: {error}",
    "{folder} has neither preprocessor_config.json nor open_clip_config.json nor timm's config.json; make "
    "Preprocess(size) yourself": (
        "{folder} no tiene preprocessor_config.json, open_clip_config.json ni el config.json de timm; haz tú el "
        "Preprocess(size)"
    ),
    "{path} resizes by {mode!r}; only shortest and squash are handled": (
        "{path} cambia el tamaño con {mode!r}; se admiten shortest y squash"
    ),
    "{path} cuts by {config!r}; only center is handled": "{path} recorta con {config!r}; solo se admite center",
    "{path}: the size is {size!r}; one number of pixels is needed": (
        "{path}: el tamaño es {size!r}; hace falta un número de píxeles"
    ),
    "{path}: the resampling is {resample!r}; bicubic and bilinear are handled": (
        "{path}: el remuestreo es {resample!r}; se admiten bicubic y bilinear"
    ),
    "{path}: mean or std is {values!r}; three numbers are needed": (
        "{path}: mean o std es {values!r}; hacen falta tres números"
    ),
    # language models
    "{place} has {found} models ({names}); set language_model to one of them": (
        "{place} tiene {found} modelos ({names}); pon uno de ellos en language_model"
    ),
    "{place} needs a key, and none is set; set language_key or {key}": (
        "{place} pide una clave y no hay ninguna; pon language_key o {key}"
    ),
    "{place} was given with a {named} in its address; give it as language_key instead": (
        "la dirección de {place} lleva dentro ({named}); ponlo en language_key"
    ),
    "{place} answers, but not as a language model does; check language_url (most end in /v1)": (
        "{place} responde, pero no como un modelo de lenguaje; revisa language_url (casi todas acaban en /v1)"
    ),
    "the telling breaks off: {error}": "el relato se corta: {error}",
    "told without {name}: {error}": "contado sin {name}: {error}",
    "nothing that the model wrote over all talks was supported": (
        "las charlas no dicen nada de lo que el modelo escribió sobre todas ellas"
    ),
    "{place} stopped in the middle of an answer; try again": "{place} se paró a media respuesta; vuelve a probar",
    "{place} refuses the key ({said}); set language_key": "{place} rechaza la clave ({said}); pon language_key",
    "{place} is busy ({said}); wait, or use another server": "{place} está ocupado ({said}); espera, o usa otro",
    "{model} at {place} takes no pictures ({said}); {step}": "{model} en {place} no admite imágenes ({said}); {step}",
    'set vision_model to one that does, or vision_engine = "none"': (
        'pon en vision_model uno que las admita, o vision_engine = "none"'
    ),
    "{place} has no model {model} ({said}); check language_url and language_model": (
        "{place} no tiene el modelo {model} ({said}); revisa language_url y language_model"
    ),
    "{place} failed ({said}); its log says more": "{place} falló ({said}); su registro dice más",
    "{place} did not answer within {timeout:.0f} s; set language_timeout": (
        "{place} no respondió en {timeout:.0f} s; cambia language_timeout"
    ),
    "{place} refuses the request ({said}); see docs/assistant.md": (
        "{place} rechaza la petición ({said}); mira docs/assistant.md"
    ),
    "cannot reach {place}: {why}; start the server, or check language_url": (
        "no se llega a {place}: {why}; arranca el servidor, o revisa language_url"
    ),
    "{place} broke off or answered what cannot be read ({said}); check language_url": (
        "{place} se cortó o respondió algo que no se entiende ({said}); revisa language_url"
    ),
    "{name} was called {budget} times for this; it may not be called more": (
        "{name} ya se usó {budget} veces para esto; no se puede más"
    ),
    "{name} takes no pictures; set vision_model to one that does": (
        "{name} no admite imágenes; pon en vision_model uno que las admita"
    ),
    "{name} did not end within {limit:.0f} s or {max_tokens} tokens; raise language_timeout, or use another model": (
        "{name} no llegó al final en {limit:.0f} s o {max_tokens} fichas; sube language_timeout, o usa otro modelo"
    ),
    "{name} answered nothing; try another model": "{name} no respondió nada; prueba otro modelo",
    "the model's answer is no JSON document, as it was asked for; try another model": (
        "la respuesta del modelo no es un documento JSON, como se pidió; prueba otro modelo"
    ),
    "the model's answer is not of the form that it was asked for; try another model": (
        "la respuesta del modelo no tiene la forma que se pidió; prueba otro modelo"
    ),
}

WRONG: Mapping[str, str] = {  # kind of a fault in a request, as pydantic names it → what it says
    "missing": "falta",
    "extra_forbidden": "sobra",
    "json_invalid": "no es JSON válido",
    "literal_error": "uno de {expected}",
    "string_too_long": "{max_length} letras como mucho",
    "string_too_short": "{min_length} letras como poco",
    "string_pattern_mismatch": "no tiene la forma debida ({pattern})",
    "greater_than": "mayor que {gt}",
    "greater_than_equal": "{ge} como poco",
    "less_than": "menor que {lt}",
    "less_than_equal": "{le} como mucho",
    "too_long": "{max_length} como mucho",
    "too_short": "{min_length} como poco",
    "int_parsing": "no es un número entero",
    "int_type": "no es un número entero",
    "float_parsing": "no es un número",
    "float_type": "no es un número",
    "finite_number": "no es un número finito",
    "bool_parsing": "no es true ni false",
    "string_type": "no es un texto",
    "list_type": "no es una lista",
}


def said(error: Exception) -> str:
    """What an error says, in Spanish where it has some."""
    template = str(getattr(error, "template", getattr(error, "detail", error)))
    fields: Mapping[str, object] = getattr(error, "fields", {})
    found = SPANISH.get(template, template)
    return found.format(**{name: _field(value) for name, value in fields.items()}) if fields else found


def in_language(error: Exception, language: str) -> str:
    """What an error says, in Spanish where the language is Spanish."""
    return said(error) if language == "es" else str(error)


def wrong(fault: Mapping[str, Any]) -> str:
    """What one fault of a request says, as pydantic tells it."""
    found = WRONG.get(str(fault.get("type")))
    return found.format(**fault.get("ctx", {})) if found else "no vale"


def _field(value: object) -> object:
    if isinstance(value, Exception):
        return said(value)
    return SPANISH.get(value, value) if isinstance(value, str) else value
