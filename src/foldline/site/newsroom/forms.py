"""What the desk refuses, and how a picture comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from foldline.site.newsroom import publishing
from foldline.site.newsroom.addresses import clean_old_path
from foldline.site.newsroom.models import Article, Image, OldPath, State
from foldline.site.newsroom.pictures import LARGEST, Picture, PictureRefused, keep_picture, read_picture
from foldline.site.newsroom.press import settings
from foldline.stores.pictures import PictureStore

if TYPE_CHECKING:
    _ArticleForm = forms.ModelForm[Article]
    _ImageForm = forms.ModelForm[Image]
    _OldPathForm = forms.ModelForm[OldPath]
else:
    _ArticleForm = _ImageForm = _OldPathForm = forms.ModelForm


class ArticleForm(_ArticleForm):
    """Says at once what would stand against publishing, if the article is to appear now or at a set time."""

    class Meta:
        model = Article
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        slug = given.get("slug", "")
        if slug and f"/{slug}/" == settings().publication.prefix:
            self.add_error("slug", "This is an address of the publication itself. Choose another one.")
        if not self._is_to_appear(given):
            return given
        image = given.get("lead_image")
        if isinstance(image, Image) and not image.described:
            self.add_error(
                "lead_image",
                "This picture has no description. Open it (the pencil): write what it shows, or mark it as decorative.",
            )
        if not str(given.get("body", "")).strip():
            self.add_error("body", "The article has no text. Write one, or save it as a draft.")
        return given

    def _is_to_appear(self, given: dict[str, Any]) -> bool:
        return "_publish" in self.data or self.instance.state is State.PUBLISHED or bool(given.get("publish_at"))


class ImageForm(_ImageForm):
    """A picture and what is said of it. The file is checked and freed of metadata before anything is stored."""

    upload = forms.FileField(
        label="File",
        required=False,
        help_text="PNG, JPEG, WebP or GIF, at most 20 MB. Place, time and camera are taken out of it.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )

    class Meta:
        model = Image
        fields = ("upload", "alt", "decorative", "caption", "credit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._picture: Picture | None = None
        if "upload" in self.fields:
            self.fields["upload"].required = self.instance.pk is None

    def clean_upload(self) -> UploadedFile[bytes] | None:
        file: UploadedFile[bytes] | None = self.cleaned_data.get("upload")
        if file is None:
            return None
        if (file.size or 0) > LARGEST:
            raise ValidationError("The picture is larger than 20 MB.")
        try:
            self._picture = read_picture(file.read())
        except PictureRefused as error:
            raise ValidationError(str(error)) from error
        return file

    def save(self, commit: bool = True) -> Image:
        if self._picture is not None:
            if self.instance.name:
                forget(self.instance.name)
            take_picture(self.instance, self._picture, self.cleaned_data["upload"].name or "")
        return super().save(commit)


class OldPathForm(_OldPathForm):
    """An old address in its one spelling."""

    class Meta:
        model = OldPath
        fields = ("path",)

    def clean_path(self) -> str:
        path = clean_old_path(self.cleaned_data["path"])
        if not path:
            raise ValidationError("This can't be an old address here. Write a path, as in /2015/09/04/some-words.")
        return path


def take_picture(image: Image, picture: Picture, source_name: str) -> None:
    """Put a picture's file into the media folder under a new name, and its size on `image`. Does not save `image`."""
    image.name = keep_picture(picture, PictureStore(settings().home))
    image.width, image.height = picture.width, picture.height
    image.source_name, image.source_digest = source_name[-255:], picture.digest


def forget(name: str) -> None:
    """Remove a picture as soon as nothing stored names it any more."""
    transaction.on_commit(lambda: PictureStore(settings().home).forget(name))


def blocked(article: Article) -> str:
    """Why the article can't be published, in one line; "" where nothing stands against it."""
    return " ".join(f"{problem.what} {problem.hint}" for problem in publishing.obstacles(article))
