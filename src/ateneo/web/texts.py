"""The words of the interface, in Spanish and English; a test holds the two against each other and the templates.

Talks keep their own language; only what Ateneo itself says is here.
"""

from collections.abc import Mapping

LANGUAGES = {"es": "Español", "en": "English"}
COOKIE = "ateneo-language"

_BOTH: Mapping[str, tuple[str, str]] = {  # key → English, Spanish
    "skip": ("Skip to the content", "Saltar al contenido"),
    "menu": ("Pages", "Páginas"),
    "ask": ("Ask", "Preguntar"),
    "see": ("See", "Ver"),
    "library": ("Library", "Biblioteca"),
    "add": ("Add", "Añadir"),
    "draw": ("Draw", "Dibujar"),
    "language": ("Language", "Idioma"),
    "log_out": ("Log out", "Salir"),
    # ask
    "ask_title": ("What would you like to know?", "¿Qué quieres saber?"),
    "ask_label": ("Your question", "Tu pregunta"),
    "ask_hint": ("Ask or search {count} talks", "Pregunta o busca en {count} charlas"),
    "ask_go": ("Ask", "Preguntar"),
    "ask_lead": (
        "Every sentence of an answer comes with the second of the talk in which it was said.",
        "Cada frase de la respuesta lleva el segundo de la charla en que se dijo.",
    ),
    "answer": ("Answer", "Respuesta"),
    "by_talk": ("Talk by talk", "Charla por charla"),
    "passages": ("Passages", "Pasajes"),
    "asking": ("Looking through the talks …", "Buscando en las charlas …"),
    "refusal": ("The archive does not say.", "El archivo no lo dice."),
    "nearest": ("The nearest passages:", "Los pasajes más cercanos:"),
    "nothing_found": ("Nothing found.", "No se ha encontrado nada."),
    "dropped": (
        "{count} sentences were left out: the talks do not bear them out.",
        "Se han omitido {count} frases: las charlas no las respaldan.",
    ),
    "unsaid": ("The talks may not say this; compare it with what is cited.",
                 "Quizá las charlas no digan esto; compáralo con lo citado."),
    "disagree": ("Talks that say different things", "Charlas que dicen cosas distintas"),
    "understood": ("Understood as: {question}", "Se entendió: {question}"),
    "without_model": ("Written without the language model: {why}", "Escrito sin el modelo de lenguaje: {why}"),
    "follow": ("Ask on", "Sigue preguntando"),
    "citation": ("Play {title} at {time}", "Reproducir {title} en {time}"),
    "source_slide": ("shown", "mostrado"),
    "source_summary": ("summary", "resumen"),
    "recent": ("From the library", "De la biblioteca"),
    "all_talks": ("All {count} talks", "Las {count} charlas"),
    "talks_one": ("1 talk", "1 charla"),
    "talks_many": ("{count} talks", "{count} charlas"),
    "empty": (
        "There is nothing in this archive yet.",
        "Todavía no hay nada en este archivo.",
    ),
    "empty_add": ("Add the first recordings", "Añade las primeras grabaciones"),
    # draw
    "draw_title": ("What shall be drawn?", "¿Qué dibujamos?"),
    "draw_label": ("What the picture shows", "Lo que muestra el dibujo"),
    "draw_hint": ("a red plane", "un avión rojo"),
    "draw_go": ("Draw", "Dibujar"),
    "draw_lead": (
        "The small models that come with Ateneo know what emoji show, at 64 by 64 pixels.",
        "Los modelos pequeños que trae Ateneo conocen lo que muestran los emojis, a 64 por 64 píxeles.",
    ),
    "draw_method": ("Method", "Método"),
    "method_unclip": ("unCLIP: words become the vector of a picture", "unCLIP: las palabras se hacen vector de imagen"),
    "method_guided": ("Diffusion guided by CLIP", "Difusión guiada por CLIP"),
    "method_vqgan": ("VQGAN+CLIP", "VQGAN+CLIP"),
    "draw_seed": ("Seed", "Semilla"),
    "draw_scale": ("Scale", "Escala"),
    "draw_steps": ("Steps", "Pasos"),
    "draw_trace": ("Keep the way, with and without guidance", "Guardar el camino, con guía y sin ella"),
    "by_chance": ("by chance", "al azar"),
    "as_usual": ("as usual", "lo habitual"),
    "draw_unable": (
        "Drawing needs torch, which is not installed: pip install 'ateneo[models]'",
        "Para dibujar hace falta torch, que no está instalado: pip install 'ateneo[models]'",
    ),
    "drawing": ("Drawing …", "Dibujando …"),
    "draw_waiting": ("Another drawing comes first …", "Antes va otro dibujo …"),
    "draw_step": ("Step {step} of {steps}", "Paso {step} de {steps}"),
    "draw_save": ("Save", "Guardar"),
    "draw_unguided": ("The same seed without the words", "La misma semilla sin las palabras"),
    "draw_way": ("The way from noise to picture", "El camino del ruido al dibujo"),
    "draw_animation": (
        "Animation: without guidance left, with it right",
        "Animación: sin guía a la izquierda, con ella a la derecha",
    ),
    "draw_strip": (
        "Film strip: noisy pictures, means and variances of some steps",
        "Tira: imágenes con ruido, medias y varianzas de algunos pasos",
    ),
    # player
    "player": ("Player", "Reproductor"),
    "close": ("Close", "Cerrar"),
    "transcript": ("Transcript", "Transcripción"),
    "no_transcript": ("No transcript.", "Sin transcripción."),
    "no_recording": (
        "The recording of this talk is not on the server; its transcript is.",
        "La grabación de esta charla no está en el servidor; su transcripción sí.",
    ),
    "copy_waiting": (
        "Browsers cannot play this recording as it is. A copy that they can play is being made …",
        "Los navegadores no pueden reproducir esta grabación tal cual. Se está haciendo una copia que sí …",
    ),
    "copy_failed": ("This recording cannot be played here.", "Esta grabación no se puede reproducir aquí."),
    "play_from": ("Play from {time}", "Reproducir desde {time}"),
    # talk
    "chapters": ("Chapters", "Capítulos"),
    "slides": ("Slides", "Diapositivas"),
    "slide_at": ("Slide at {time}", "Diapositiva en {time}"),
    "about": ("Summary", "Resumen"),
    "search_in": ("Search in this talk", "Buscar en esta charla"),
    "matches": ("{n} of {count}", "{n} de {count}"),
    "no_matches": ("No matches", "Sin resultados"),
    "previous": ("Previous match", "Resultado anterior"),
    "next": ("Next match", "Resultado siguiente"),
    "downloads": ("Downloads", "Descargas"),
    "captions_vtt": ("Captions (WebVTT)", "Subtítulos (WebVTT)"),
    "captions_srt": ("Captions (SubRip)", "Subtítulos (SubRip)"),
    "notes_md": ("Notes (Markdown)", "Apuntes (Markdown)"),
    "chapters_txt": ("Chapters (text)", "Capítulos (texto)"),
    "link_here": ("Copy a link to this moment", "Copiar un enlace a este momento"),
    "link_copied": ("Link to {time} copied", "Enlace a {time} copiado"),
    "mark_loop": ("Perhaps badly recognised: it repeats itself", "Quizá mal reconocido: se repite"),
    "mark_gap": ("Speech that was not recognised", "Habla que no se reconoció"),
    "mark_repaired": ("Put right after recognition", "Corregido tras el reconocimiento"),
    "doubtful": ("Recognised with little certainty", "Reconocido con poca certeza"),
    # correct
    "correct_talk": ("Correct the details", "Corregir los datos"),
    "correct_lines": ("Correct the transcript", "Corregir la transcripción"),
    "correct_line": ("Correct the line at {time}", "Corregir la línea de {time}"),
    "correct_hint": (
        "Choose a line and write. Enter saves it, Escape leaves it as it was.",
        "Elige una línea y escribe. Intro la guarda, Escape la deja como estaba.",
    ),
    "done": ("Done", "Listo"),
    "save": ("Save", "Guardar"),
    "cancel": ("Cancel", "Cancelar"),
    "saved": ("Saved. Searches find it now.", "Guardado. Las búsquedas ya lo encuentran."),
    "saving": ("Saving …", "Guardando …"),
    "field_title": ("Title", "Título"),
    "field_speakers": ("Speakers, one a line", "Ponentes, uno por línea"),
    "field_date": ("Date", "Fecha"),
    "field_number": ("Number", "Número"),
    "field_language": ("Language of the talk", "Idioma de la charla"),
    "remove": ("Remove from the archive", "Quitar del archivo"),
    "remove_sure": (
        "Remove this talk from the archive? The recording itself stays where it is.",
        "¿Quitar esta charla del archivo? La grabación se queda donde está.",
    ),
    # library
    "filter_words": ("Words", "Palabras"),
    "filter_hint": ("In titles and in what was said", "En los títulos y en lo que se dijo"),
    "speaker": ("Speaker", "Ponente"),
    "year": ("Year", "Año"),
    "any": ("Any", "Cualquiera"),
    "filter": ("Filter", "Filtrar"),
    "clear": ("Clear the filters", "Quitar los filtros"),
    "none_fit": ("No talk fits these filters.", "Ninguna charla cumple estos filtros."),
    "more": ("Show more", "Mostrar más"),
    "add_recordings": ("Add recordings", "Añadir grabaciones"),
    # add
    "add_lead": (
        "Video, audio, captions and tables with titles. A recording and the captions of the same name become one talk.",
        "Vídeo, audio, subtítulos y tablas con títulos. Grabación y subtítulos del mismo nombre son una charla.",
    ),
    "drop": ("Drop recordings here", "Suelta aquí las grabaciones"),
    "drop_or": ("or choose files", "o elige archivos"),
    "folder_label": ("A folder on the server", "Una carpeta del servidor"),
    "folder_go": ("Add the folder", "Añadir la carpeta"),
    "options": ("Options", "Opciones"),
    "option_language": ("Language spoken, where nothing else tells it", "Idioma hablado, si nada más lo dice"),
    "option_detect": ("Recognise it", "Reconocerlo"),
    "option_speech": ("Recognise speech where there are no captions", "Reconocer el habla donde no hay subtítulos"),
    "option_thorough": ("Find slides shown only for moments (slower)", "Buscar diapositivas fugaces (más lento)"),
    "progress": ("Progress", "Progreso"),
    "nothing_added": ("Nothing is being added.", "No se está añadiendo nada."),
    "sending": ("Sending {name}", "Enviando {name}"),
    "retry": ("Try again", "Reintentar"),
    "state_waiting": ("waiting", "en espera"),
    "state_running": ("at work", "en marcha"),
    "state_done": ("done", "hecho"),
    "state_duplicate": ("already there", "ya estaba"),
    "state_failed": ("failed", "con errores"),
    "state_cancelled": ("cancelled", "cancelado"),
    "stage_probe": ("reading the file", "leyendo el archivo"),
    "stage_words": ("words", "palabras"),
    "stage_frames": ("slides", "diapositivas"),
    "stage_slide-text": ("text of the slides", "texto de las diapositivas"),
    "stage_passages": ("passages", "pasajes"),
    "stage_summary": ("summary", "resumen"),
    "stage_vectors": ("meaning", "significado"),
    "stage_index": ("index", "índice"),
    "missing": ("Missing on this server", "Falta en este servidor"),
    "read_only": ("This archive is served for reading only.", "Este archivo se ofrece solo para lectura."),
    # see
    "see_title": ("What was shown?", "¿Qué se mostró?"),
    "see_label": ("Words, or a picture", "Palabras, o una imagen"),
    "see_hint": ("A chart with arrows, a mountain village …", "Un gráfico con flechas, un pueblo de montaña …"),
    "see_go": ("See", "Ver"),
    "see_drop": ("Drop a picture here, or choose one", "Suelta una imagen, o elige una"),
    "see_lead": (
        "Describe what you are looking for, or give a picture that looks like it.",
        "Describe lo que buscas, o da una imagen que se le parezca.",
    ),
    "like_this": ("More like this", "Más como esta"),
    "like_picture": ("Like your picture", "Como tu imagen"),
    "seeing": ("Looking at the slides …", "Mirando las diapositivas …"),
    # log in, errors, API
    "log_in": ("Log in", "Entrar"),
    "password": ("Password or token", "Contraseña o código"),
    "wrong_password": ("That is not the password.", "Esa no es la contraseña."),
    "log_in_lead": ("This archive asks for a password.", "Este archivo pide una contraseña."),
    "error_title": ("That did not work", "No ha podido ser"),
    "error_404": ("There is nothing here", "Aquí no hay nada"),
    "back": ("Back to the first page", "Volver a la primera página"),
    "offline": ("The server does not answer.", "El servidor no responde."),
    "needs_script": (
        "This page needs JavaScript to answer and play.",
        "Esta página necesita JavaScript para responder y reproducir.",
    ),
    "api_title": ("The JSON interface", "La interfaz JSON"),
}  # fmt: skip

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {key: both[0] for key, both in _BOTH.items()},
    "es": {key: both[1] for key, both in _BOTH.items()},
}


def preferred(accept: str, chosen: str | None) -> str:
    """The interface's language: the one that was chosen, else the browser's first that there is, else Spanish."""
    if chosen in TEXTS:
        return str(chosen)
    wishes = []
    for place, part in enumerate(accept.split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, tag.strip().lower().split("-")[0]))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wishes) if tag in TEXTS), "es" if not accept.strip() else "en")
