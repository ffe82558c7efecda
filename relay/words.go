package relay

import "strings"

// The words of names: 256 of each, so that one takes one byte of a name. They are short, pleasant, easy to say and to spell, and none stands in
// both lists. Their order is part of every name that was ever given out: never change, sort or replace one.
var (
	adjectives = strings.Fields(`
able agile airy alert alive amber ample apt arctic ardent artful astute autumn avid awake azure balmy beige bold bonny brave breezy brief bright brisk
broad bronze bubbly busy calm candid caring cheery chic civic civil classic clean clear clever cloudy coastal comfy copper cordial cosmic cosy cozy
creamy crimson crisp crystal cubic curious curly cute dainty dapper daring deep deft dewy direct divine dreamy eager early earnest easy elegant elfin
eminent epic expert fabled fair famous fancy fast festive fine firm fit fleet floral fluent fluffy fond free fresh frosty frugal fuzzy gallant genial
gentle gifted giving glad glossy golden good grand great green handy happy hearty heroic honest humble icy ideal indigo ivory jade jaunty jazzy jolly
jovial joyful keen kind kindly lasting lavish learned light lilac lively lofty loyal lucid lucky lunar lush magic marine mellow merry mighty mild
minty misty mobile modern modest mossy musical natural navy neat nice nimble noble noted novel open orange orderly pastel patient peachy pearly perky
placid plain playful plucky plum polite proper proud prudent pure purple quick quiet radiant rapid rare ready real regal rich robust rosy round royal
ruby rural russet rustic sage sandy scenic secure serene shiny silent silken silky silver simple sincere skilled sleek smart smiling smooth snappy
snowy snug soft solar solid sonic spry stable starry steady stellar strong sturdy suave subtle sunlit sunny super supple sweet tactful tawny teal
tender tidy tiny true trusty upbeat urban valiant vast velvet verdant vernal vivid warm welcome windy winter wise witty woolly worthy zesty`)

	nouns = strings.Fields(`
acorn alder almond anchor antler apple apricot arbor aspen aster atlas aurora badger bagel bamboo banjo barley basil basin beach beacon beaver beech
bell berry birch bison bloom bluff bonsai book boulder branch bread breeze bridge brook bugle bunny butter button cabin cactus camel candle canoe
canyon cape cedar cello cherry chess cliff cloud clover cobalt cocoa colt comet compass condor cookie coral cove coyote crane creek cricket crocus cub
curlew daisy dawn deer delta dingo dolphin dove dragon duck dune eagle easel echo egret elk elm ember falcon fawn feather fern ferret fig finch fjord
flint flute forest fox freesia galaxy garden garnet gazelle gecko geyser ginger giraffe glacier glade globe goose grape grove hamlet harbor hare harp
hawk hazel heath hedge heron hollow honey hornet ibex ibis iris island ivy jackal jaguar jasmine jasper jay juniper kayak kelp kestrel kettle kite
kiwi koala lagoon lake lantern larch lark laurel lemon lemur lichen lily linden linnet lion llama lotus lynx magnet magpie mango maple marble marlin
marten meadow melon meteor mink mint moose moss nebula nectar nutmeg oasis ocean olive onyx opal orchard orchid oriole osprey otter owl palm panda
pansy panther papaya parrot pasture peach pear pebble pelican penguin pepper petal pigeon pine piper planet plover pony poplar poppy prairie prism
puffin puma quartz quill rabbit reed reef ridge river robin rocket rowan saffron salmon seal shell sparrow spruce stork summit swan swift tern thistle
thrush tiger topaz trail trout tulip tundra turtle valley violet walnut walrus whale wheat willow wolf wren zebra zephyr`)
)
