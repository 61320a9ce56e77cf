"""What each kind of workflow step is called for people who wait for their picture."""

from typing import Final

OTHERWISE: Final = "Working on your picture"

_SENTENCES: Final[dict[str, str]] = {
    "Opening your picture": "LoadImage LoadImageMask LoadImageOutput LoadImageSetFromFolderNode LoadLatent",
    "Resizing your picture": (
        "ImageScale ImageScaleToTotalPixels ImageScaleToMaxDimension FluxKontextImageScale ResizeAndPadImage"
    ),
    "Enlarging your picture": "ImageScaleBy ImageUpscaleWithModel LatentUpscale LatentUpscaleBy",
    "Cutting to shape": "ImageCrop CropMask",
    "Making room around your picture": "ImagePadForOutpaint",
    "Turning your picture": "ImageRotate ImageFlip",
    "Inverting the colours": "ImageInvert",
    "Softening": "ImageBlur",
    "Sharpening the details": "ImageSharpen",
    "Blending the colours": (
        "ImageBlend ImageQuantize ImageAddNoise ImageRGBToYUV ImageYUVToRGB LTXVPreprocess"
    ),
    "Putting it together": (
        "ImageCompositeMasked ImageBatch ImageStitch PorterDuffImageComposite JoinImageWithAlpha"
        " SplitImageWithAlpha ImageFromBatch RepeatImageBatch RebatchImages"
    ),
    "Preparing the background": "EmptyImage EmptyLatentImage EmptySD3LatentImage",
    "Choosing the settings": (
        "PrimitiveBoolean PrimitiveFloat PrimitiveInt PrimitiveString PrimitiveStringMultiline"
    ),
    "Putting the words together": (
        "CaseConverter RegexExtract RegexMatch RegexReplace StringCompare StringConcatenate StringContains"
        " StringLength StringReplace StringSubstring StringTrim"
    ),
    "Shaping the draft": (
        "LatentAdd LatentBatch LatentComposite LatentCrop LatentFlip LatentFromBatch LatentMultiply"
        " LatentRotate LatentSubtract RepeatLatentBatch SetLatentNoiseMask"
    ),
    "Finding the edges": "Canny",
    "Preparing the shapes": (
        "SolidMask MaskToImage ImageToMask ImageColorToMask InvertMask GrowMask FeatherMask ThresholdMask"
        " MaskComposite Morphology"
    ),
    "Measuring your picture": "GetImageSize",
    "Loading the model": (
        "CheckpointLoaderSimple UNETLoader CLIPLoader DualCLIPLoader VAELoader LoraLoader LoraLoaderModelOnly"
        " ControlNetLoader UpscaleModelLoader CLIPVisionLoader StyleModelLoader TripleCLIPLoader"
        " UnetLoaderGGUF CLIPSetLastLayer ImageOnlyCheckpointLoader"
    ),
    "Reading your words": "CLIPTextEncode CLIPTextEncodeFlux CLIPVisionEncode",
    "Understanding your picture": "VAEEncode VAEEncodeForInpaint ControlNetApply ControlNetApplyAdvanced",
    "Drawing": "KSampler KSamplerAdvanced SamplerCustom SamplerCustomAdvanced",
    "Developing your picture": "VAEDecode VAEDecodeTiled",
    "Reading your video": "LoadVideo GetVideoComponents VHS_LoadVideo",
    "Listening to your sound": "LoadAudio VAEEncodeAudio",
    "Putting your video together": "CreateVideo SaveVideo SaveWEBM SaveAnimatedWEBP SaveAnimatedPNG",
    "Finishing your result": (
        "SaveImage PreviewImage SaveAudio SaveAudioMP3 SaveAudioOpus SaveLatent MaskPreview PreviewAny"
        " SaveGLB SaveSVGNode VHS_VideoCombine"
    ),
}

_BY_CLASS: Final = {name: words for words, names in _SENTENCES.items() for name in names.split()}


def step_sentence(class_type: str) -> str:
    """The plain words for a step of a workflow.

    Args:
        class_type: the node's class as ComfyUI names it; an unknown one gets a sentence that is true of all.
    """
    return _BY_CLASS.get(class_type, OTHERWISE)
